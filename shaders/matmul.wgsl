// Linear map of many rows:
//
//   linear:  y = activation(x w^T * scale + bias) + operand, or gated, see gated.wgsl
//   project: x w^T + bias, columns 0 .. I-1 to the query and the rest, key and value, to rows offset[b] + t of the cache
//
// x (R, K)   w (N, K), as PyTorch stores it   bias (N)   operand, y (R, N)
// query (B, T, I)   cache (B, C, 2I)   offset (B)   R = B * T
// One thread computes ROWS = 8 rows by 4 columns, see register_tile.wgsl. K is padded with zeros to vec4 and N to 4 rows in w, so only rows of x need a bound.

// Where the rows from `row` on begin in x; behind the last one it is the last once more.
fn rows_of_x(row: u32, rows: u32, inner: u32) -> array<u32, ROWS> {
  let last = rows - 1u;
  return array(
    min(row, last) * inner,
    min(row + 1u, last) * inner,
    min(row + 2u, last) * inner,
    min(row + 3u, last) * inner,
    min(row + 4u, last) * inner,
    min(row + 5u, last) * inner,
    min(row + 6u, last) * inner,
    min(row + 7u, last) * inner,
  );
}

// From row `n` on.
fn rows_of_w(n: u32, inner: u32) -> array<u32, 4> {
  return array(weight_row(n, inner), weight_row(n + 1u, inner), weight_row(n + 2u, inner), weight_row(n + 3u, inner));
}

// The gates of rows n .. n + 3.
fn gates_of_w(n: u32, rows: u32, inner: u32) -> array<u32, 4> {
  return array(
    weight_row(gate_row(n, rows), inner),
    weight_row(gate_row(n + 1u, rows), inner),
    weight_row(gate_row(n + 2u, rows), inner),
    weight_row(gate_row(n + 3u, rows), inner),
  );
}

@compute @workgroup_size(COLUMN_THREADS, ROW_THREADS)
fn linear(@builtin(global_invocation_id) id: vec3u) {
  let column = id.x;
  let row = id.y * ROWS;
  if (column >= p.count || row >= p.rows) {
    return;
  }
  var result = tile(rows_of_x(row, p.rows, p.inner), rows_of_w(4u * column, p.inner), p.inner);
  if (GATED) {
    var gates = tile(rows_of_x(row, p.rows, p.inner), gates_of_w(4u * column, p.outer_length, p.inner), p.inner);
    for (var i = 0u; i < ROWS && row + i < p.rows; i++) {
      write_gated(row + i, column, result[i], gates[i]);
    }
    return;
  }
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
  var result = tile(rows_of_x(row, p.rows, p.inner), rows_of_w(4u * column, p.inner), p.inner);
  for (var i = 0u; i < ROWS && row + i < p.rows; i++) {
    write_project(row + i, p.first + column, result[i]);
  }
}
