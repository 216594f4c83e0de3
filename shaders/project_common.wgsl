// Where the products of query, key and value go, put in front of matmul.wgsl, matvec.wgsl and matvec_group.wgsl:
// columns 0 .. I-1 to the query, the rest, key and value, to row offset[b] + t of the cache.
//
// query (B, T, I)   cache (B, C, 2I)   offset (B)

// product: x w^T, four columns of row b * T + t.
fn write_project(row: u32, column: u32, product: vec4f) {
  let p = project_params;
  let value = product + bias[column];
  let b = row / p.time;
  let place = b * p.capacity + offset[b] + row % p.time;
  for (var j = 0u; j < 4u; j++) {
    let n = column * 4u + j;
    if (n < p.width) {
      query[row * padded(p.width) + n] = value[j];
    } else if (n < 3u * p.width) {
      cache[place * padded(2u * p.width) + n - p.width] = value[j];
    }
  }
}
