// Where the products of query, key and value go, put in front of the kernels for products: columns 0 .. I-1 to the query, the rest, key
// and value, to row offset[b] + t of the cache, by `store` of project_vec4s.wgsl or project_scalars.wgsl. A pair that is turned lies in one
// vec4; for others see spread.wgsl.
//
// query (B, T, I)   cache (B, C, 2I)   offset (B)   angles (P, turned): cosine and sine of each pair, by position

// The columns n and n + 1 of query, key and value; those of the query and the key are turned by the angle of their position.
fn turn(n: u32, position: u32, pair: vec2f) -> vec2f {
  let p = project_params;
  let c = n % p.head_width;
  if (n >= 2u * p.width || c >= p.turned) {
    return pair;
  }
  let at = position * padded(p.turned) + c;
  let angle = vec2f(angles[at], angles[at + 1u]);
  return vec2f(pair.x * angle.x - pair.y * angle.y, pair.y * angle.x + pair.x * angle.y);
}

// product: x w^T, four columns of row b * T + t.
fn write_project(row: u32, column: u32, product: vec4f) {
  let p = project_params;
  var value = product + bias[column];
  let b = row / p.time;
  let position = offset[b] + row % p.time;
  let place = b * p.capacity + position;
  if (p.turned != 0u) {
    value = vec4f(turn(4u * column, position, value.xy), turn(4u * column + 2u, position, value.zw));
  }
  store(row, place, column, value);
}
