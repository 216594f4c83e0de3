// The end of a gated product, put in front of the kernels for products: w is (2N, K), and what its first half gives, with its
// activation, is multiplied by what the second half gives. HALVES says whether a product is such a one. A thread then computes the same
// columns of both halves, so that nothing has to meet again in another dispatch.

const GATED = HALVES == 2u;

// The row of w that gates row n of the first half, which has N rows. Behind the last it is the last once more.
fn gate_row(n: u32, rows: u32) -> u32 {
  return min(rows + n, 2u * rows - 1u);
}

fn gate_bias(n: u32) -> f32 {
  let row = gate_row(n, p.outer_length);
  return bias[row / 4u][row % 4u];
}

// product, gate: four columns of x w^T from either half, without their biases
fn write_gated(row: u32, column: u32, product: vec4f, gate: vec4f) {
  let n = 4u * column;
  let biases = vec4f(gate_bias(n), gate_bias(n + 1u), gate_bias(n + 2u), gate_bias(n + 3u));
  y[row * p.outer + column] = activate(product + bias[column], p.activation) * (gate + biases);
}
