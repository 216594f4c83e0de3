// The same operation as matvec.wgsl, for GPUs: one workgroup computes four columns of one row. Its threads walk
// along K side by side, so that neighbours read neighbouring vec4s of w, and add up together.

override NORMED: bool = false;

// The products of a row of norm(x) with four rows of w, and with their gates where there are some, in every thread.
fn dot4(row: u32, column: u32, local: u32, p: Params) -> array<vec4f, HALVES> {
  let inner = p.inner;
  let first = row * inner;
  var mean = 0.0;
  var scale = 1.0;
  if (NORMED) {
    let m = moments(first, inner, inner, p.length, p.rms == 0u, local);
    mean = m.x;
    scale = inverseSqrt(m.y / f32(p.length) + p.eps);
  }
  let w0 = weight_row(column * 4u, inner);
  let w1 = weight_row(column * 4u + 1u, inner);
  let w2 = weight_row(column * 4u + 2u, inner);
  let w3 = weight_row(column * 4u + 3u, inner);
  let n = column * 4u;
  let g0 = weight_row(gate_row(n, p.outer_length), inner);
  let g1 = weight_row(gate_row(n + 1u, p.outer_length), inner);
  let g2 = weight_row(gate_row(n + 2u, p.outer_length), inner);
  let g3 = weight_row(gate_row(n + 3u, p.outer_length), inner);
  var sums = array<vec4f, HALVES>();
  for (var k = local; k < inner; k += WORKGROUP) {
    var v = x[first + k];
    if (NORMED) {
      v = (v - mean) * scale * norm[k] + norm[inner + k];
    }
    sums[0] += vec4f(dot(v, weight(w0, k)), dot(v, weight(w1, k)), dot(v, weight(w2, k)), dot(v, weight(w3, k)));
    if (GATED) {
      sums[HALVES - 1u] += vec4f(dot(v, weight(g0, k)), dot(v, weight(g1, k)), dot(v, weight(g2, k)), dot(v, weight(g3, k)));
    }
  }
  for (var half = 0u; half < HALVES; half++) {
    sums[half] = total(sums[half], local);
  }
  return sums;
}

// (mean, 1 / standard deviation) of a row of the operand, in every thread; (0, 1) where it is not normalised.
fn statistics_of_operand(row: u32, local: u32) -> vec2f {
  if (!operand_is_normed()) {
    return vec2f(0.0, 1.0);
  }
  let first = row * p.outer;
  var mean = 0.0;
  if (p.operand_use == OPERAND_LAYER_NORMED) {
    var sum = vec4f();
    for (var n = local; n < p.outer; n += WORKGROUP) {
      sum += operand[first + n] * present(n, p.outer_length);
    }
    mean = dot(total(sum, local), vec4f(1.0)) / f32(p.outer_length);
  }
  var squares = vec4f();
  for (var n = local; n < p.outer; n += WORKGROUP) {
    let d = (operand[first + n] - mean) * present(n, p.outer_length);
    squares += d * d;
  }
  let square = dot(total(squares, local), vec4f(1.0));
  return vec2f(mean, inverseSqrt(square / f32(p.outer_length) + p.operand_eps));
}

@compute @workgroup_size(WORKGROUP)
fn linear(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let sums = dot4(group.y, group.x, local, p);
  let s = statistics_of_operand(group.y, local);
  if (local > 0u) {
    return;
  }
  if (GATED) {
    write_gated(group.y, group.x, sums[0], sums[HALVES - 1u]);
  } else {
    write_linear(group.y, p.first + group.x, sums[0], s);
  }
}

@compute @workgroup_size(WORKGROUP)
fn project(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let sums = dot4(group.y, group.x, local, project_params);
  if (local == 0u) {
    write_project(group.y, project_params.first + group.x, sums[0]);
  }
}
