// Linear map of one or a few rows, with the norms of a Transformer layer folded in:
//
//   linear:  y = activation(norm(x) w^T * scale + bias) + operand_norm(operand), or times operand
//   project: norm(x) w^T + bias, columns 0 .. I-1 to the query and the rest, key and value, to rows offset[b] + t of
//            the cache
//
// Shapes as in matmul.wgsl; a norm is (2, K): gain, then bias.
// One thread computes four columns of one row, alone: no barriers. Every thread works out mean and variance of its
// row again, which costs less than a dispatch. This is the variant for software adapters, where a barrier is a
// context switch (25 times slower there than this); matvec_group.wgsl is the one for GPUs.

@compute @workgroup_size(32)
fn linear(@builtin(global_invocation_id) id: vec3u) {
  let column = id.x;
  let row = id.y;
  if (column >= p.count) {
    return;
  }
  write_linear(row, p.first + column, dot4(row, column, p.inner, statistics_of_x(row, p)));
}

@compute @workgroup_size(32)
fn project(@builtin(global_invocation_id) id: vec3u) {
  let column = id.x;
  let row = id.y;
  let p = project_params;
  if (column >= p.count) {
    return;
  }
  write_project(row, p.first + column, dot4(row, column, p.inner, statistics_of_x(row, p)));
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

// The products of a row of norm(x) with four rows of w.
fn dot4(row: u32, column: u32, inner: u32, statistics: vec2f) -> vec4f {
  let first = row * inner;
  let w0 = weight_row(column * 4u, inner);
  let w1 = weight_row(column * 4u + 1u, inner);
  let w2 = weight_row(column * 4u + 2u, inner);
  let w3 = weight_row(column * 4u + 3u, inner);
  var sum = vec4f();
  for (var k = 0u; k < inner; k++) {
    var v = x[first + k];
    if (NORMED) {
      v = (v - statistics.x) * statistics.y * norm[k] + norm[inner + k];
    }
    sum += vec4f(dot(v, weight(w0, k)), dot(v, weight(w1, k)), dot(v, weight(w2, k)), dot(v, weight(w3, k)));
  }
  return sum;
}
