// Linear map of one or a few rows, with the norms of a Transformer layer folded in:
//
//   linear:  y = activation(norm(x) w^T * scale + bias) + operand_norm(operand), or gated, see gated.wgsl
//   project: norm(x) w^T + bias, columns 0 .. I-1 to the query and the rest, key and value, to rows offset[b] + t of
//            the cache
//
// Shapes as in matmul.wgsl; a norm is (2, K): gain, then bias.
// One thread computes eight columns of one row, or four and their gates, alone: no barriers. Every thread works out mean and
// variance of its row again, which costs less than a dispatch. This is the variant for software adapters, where a barrier is a
// context switch (25 times slower there than this); matvec_group.wgsl is the one for GPUs.

override NORMED: bool = false;

@compute @workgroup_size(THREADS)
fn linear(@builtin(global_invocation_id) id: vec3u) {
  let column = id.x * select(2u, 1u, GATED); // and the one after it, in vec4s
  let row = id.y;
  if (column >= p.count) {
    return;
  }
  let sums = products(row, column, p, statistics_of_x(row, p));
  if (GATED) {
    write_gated(row, column, sums[0], sums[1]);
    return;
  }
  let s = statistics_of_operand(row);
  write_linear(row, p.first + column, sums[0], s);
  if (column + 1u < p.count) {
    write_linear(row, p.first + column + 1u, sums[1], s);
  }
}

@compute @workgroup_size(THREADS)
fn project(@builtin(global_invocation_id) id: vec3u) {
  let column = id.x * 2u;
  let row = id.y;
  let p = project_params;
  if (column >= p.count) {
    return;
  }
  let sums = products(row, column, p, statistics_of_x(row, p));
  write_project(row, p.first + column, sums[0]);
  if (column + 1u < p.count) {
    write_project(row, p.first + column + 1u, sums[1]);
  }
}

// (mean, 1 / standard deviation) of a row of x; (0, 1) where nothing is normalised.
fn statistics_of_x(row: u32, p: Params) -> vec2f {
  if (!NORMED) {
    return vec2f(0.0, 1.0);
  }
  var mean = 0.0;
  if (p.rms == 0u) {
    for (var k = 0u; k < p.inner; k++) {
      mean += dot(x[row * p.inner + k], present(k, p.length));
    }
    mean /= f32(p.length);
  }
  var square = 0.0;
  for (var k = 0u; k < p.inner; k++) {
    let d = (x[row * p.inner + k] - mean) * present(k, p.length);
    square += dot(d, d);
  }
  return vec2f(mean, inverseSqrt(square / f32(p.length) + p.eps));
}

// The same of the operand.
fn statistics_of_operand(row: u32) -> vec2f {
  if (!operand_is_normed()) {
    return vec2f(0.0, 1.0);
  }
  var mean = 0.0;
  if (p.operand_use == OPERAND_LAYER_NORMED) {
    for (var n = 0u; n < p.outer; n++) {
      mean += dot(operand[row * p.outer + n], present(n, p.outer_length));
    }
    mean /= f32(p.outer_length);
  }
  var square = 0.0;
  for (var n = 0u; n < p.outer; n++) {
    let d = (operand[row * p.outer + n] - mean) * present(n, p.outer_length);
    square += dot(d, d);
  }
  return vec2f(mean, inverseSqrt(square / f32(p.outer_length) + p.operand_eps));
}

// Row i of the other four that a thread computes: the next ones, or the gates of the first.
fn other_row(column: u32, i: u32, p: Params) -> u32 {
  if (GATED) {
    return gate_row(column * 4u + i, p.outer_length);
  }
  return min(column + 1u, p.count - 1u) * 4u + i;
}

// The products of a row of norm(x) with eight rows of w; where there are only four, they come twice.
fn products(row: u32, column: u32, p: Params, statistics: vec2f) -> array<vec4f, 2> {
  let first = row * p.inner;
  let w0 = weight_row(column * 4u, p.inner);
  let w1 = weight_row(column * 4u + 1u, p.inner);
  let w2 = weight_row(column * 4u + 2u, p.inner);
  let w3 = weight_row(column * 4u + 3u, p.inner);
  let w4 = weight_row(other_row(column, 0u, p), p.inner);
  let w5 = weight_row(other_row(column, 1u, p), p.inner);
  let w6 = weight_row(other_row(column, 2u, p), p.inner);
  let w7 = weight_row(other_row(column, 3u, p), p.inner);
  var a = vec4f();
  var b = vec4f();
  for (var k = 0u; k < p.inner; k++) {
    var v = x[first + k];
    if (NORMED) {
      v = (v - statistics.x) * statistics.y * norm[k] + norm[p.inner + k];
    }
    a += vec4f(dot(v, weight(w0, k)), dot(v, weight(w1, k)), dot(v, weight(w2, k)), dot(v, weight(w3, k)));
    b += vec4f(dot(v, weight(w4, k)), dot(v, weight(w5, k)), dot(v, weight(w6, k)), dot(v, weight(w7, k)));
  }
  return array(a, b);
}
