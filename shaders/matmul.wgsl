// Linear map of many rows:
//
//   linear:  y = activation(x w^T * scale + bias) + operand, or times operand
//   project: x w^T + bias, columns 0 .. I-1 to the query and the rest, key and value, to rows offset[b] + t of the cache
//
// x (R, K)   w (N, K), as PyTorch stores it   bias (N)   operand, y (R, N)
// query (B, T, I)   cache (B, C, 2I)   offset (B)   R = B * T
// One thread computes ROWS = 8 rows by 4 columns in registers, reading x and w four elements at a time; no workgroup
// memory, no barriers. K is padded with zeros to vec4 and N to 4 rows in w, so only rows of x need a bound.

// Eight rows of x, from `row` on, times four rows of w: the sums of row i are element i.
fn tile(row: u32, column: u32, rows: u32, inner: u32) -> array<vec4f, ROWS> {
  let last = rows - 1u;
  let x0 = min(row, last) * inner;
  let x1 = min(row + 1u, last) * inner;
  let x2 = min(row + 2u, last) * inner;
  let x3 = min(row + 3u, last) * inner;
  let x4 = min(row + 4u, last) * inner;
  let x5 = min(row + 5u, last) * inner;
  let x6 = min(row + 6u, last) * inner;
  let x7 = min(row + 7u, last) * inner;
  let w0 = weight_row(column * 4u, inner);
  let w1 = weight_row(column * 4u + 1u, inner);
  let w2 = weight_row(column * 4u + 2u, inner);
  let w3 = weight_row(column * 4u + 3u, inner);
  var y0 = vec4f();
  var y1 = vec4f();
  var y2 = vec4f();
  var y3 = vec4f();
  var y4 = vec4f();
  var y5 = vec4f();
  var y6 = vec4f();
  var y7 = vec4f();
  for (var k = 0u; k < inner; k++) {
    let a = weight(w0, k);
    let b = weight(w1, k);
    let c = weight(w2, k);
    let d = weight(w3, k);
    let v0 = x[x0 + k];
    y0 += vec4f(dot(v0, a), dot(v0, b), dot(v0, c), dot(v0, d));
    let v1 = x[x1 + k];
    y1 += vec4f(dot(v1, a), dot(v1, b), dot(v1, c), dot(v1, d));
    let v2 = x[x2 + k];
    y2 += vec4f(dot(v2, a), dot(v2, b), dot(v2, c), dot(v2, d));
    let v3 = x[x3 + k];
    y3 += vec4f(dot(v3, a), dot(v3, b), dot(v3, c), dot(v3, d));
    let v4 = x[x4 + k];
    y4 += vec4f(dot(v4, a), dot(v4, b), dot(v4, c), dot(v4, d));
    let v5 = x[x5 + k];
    y5 += vec4f(dot(v5, a), dot(v5, b), dot(v5, c), dot(v5, d));
    let v6 = x[x6 + k];
    y6 += vec4f(dot(v6, a), dot(v6, b), dot(v6, c), dot(v6, d));
    let v7 = x[x7 + k];
    y7 += vec4f(dot(v7, a), dot(v7, b), dot(v7, c), dot(v7, d));
  }
  return array(y0, y1, y2, y3, y4, y5, y6, y7);
}

@compute @workgroup_size(COLUMN_THREADS, ROW_THREADS)
fn linear(@builtin(global_invocation_id) id: vec3u) {
  let column = id.x;
  let row = id.y * ROWS;
  if (column >= p.count || row >= p.rows) {
    return;
  }
  var result = tile(row, column, p.rows, p.inner);
  for (var i = 0u; i < ROWS && row + i < p.rows; i++) {
    write_linear(row + i, p.first + column, result[i]);
  }
}

@compute @workgroup_size(COLUMN_THREADS, ROW_THREADS)
fn project(@builtin(global_invocation_id) id: vec3u) {
  let column = id.x;
  let row = id.y * ROWS;
  let p = project_params;
  if (column >= p.count || row >= p.rows) {
    return;
  }
  var result = tile(row, column, p.rows, p.inner);
  for (var i = 0u; i < ROWS && row + i < p.rows; i++) {
    write_project(row + i, p.first + column, result[i]);
  }
}
