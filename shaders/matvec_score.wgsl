// The scores of a vocabulary, as matvec_rows.wgsl computes its products:
//
//   scores = norm(x) w^T * scale + bias
//
// and of each row and workgroup the maximum, its column, and the sum of exp(score - maximum), so that nothing has to walk over the
// vocabulary afterwards; see maxima_common.wgsl. A post-norm decoder with a final norm ends with a norm of a norm: `score_twice`
// finds the statistics of the second in a second pass over x, after one more barrier.
//
//   x (R, K)   w (V, K)   norm, earlier_norm (2, K)   scores (R, V)   maxima (3, R, parts)

@group(0) @binding(4) var<storage, read_write> maxima: array<u32>;
@group(0) @binding(5) var<storage, read_write> scores: array<vec4f>;
@group(0) @binding(6) var<storage, read> earlier_norm: array<vec4f>;
@group(0) @binding(7) var<uniform> scores_params: Params;

// v, vec4 k of a row of x, after the earlier norm, if there is one. earlier: (mean, 1 / standard deviation) of the row
fn of_earlier(v: vec4f, k: u32, earlier: vec2f) -> vec4f {
  if (NORMS == 1u) {
    return v;
  }
  return (v - earlier.x) * earlier.y * earlier_norm[k] + earlier_norm[scores_params.inner + k];
}

fn write_scores(group: vec3u, local: u32) {
  let p = scores_params;
  // One thread for each row, so that there is no further barrier.
  let row = group.y * GROUP_ROWS + local;
  if (local >= GROUP_ROWS || row >= p.rows) {
    return;
  }
  var best = NOTHING;
  for (var i = 0u; i < GROUP_COLUMNS; i++) {
    let output = (local / ROWS * COLUMN_TEAMS + i / QUADS) * SLOTS + i % QUADS * ROWS + local % ROWS;
    if (group.x * GROUP_COLUMNS + i < p.count) {
      let column = p.first + group.x * GROUP_COLUMNS + i;
      let value = output_sum(output) * p.scale + bias[column];
      scores[row * p.outer + column] = value;
      best = larger(best, of_four(value, present(column, p.outer_length), column));
    }
  }
  let to = row * p.maxima + p.first_maximum + group.x;
  let plane = p.rows * p.maxima;
  maxima[to] = bitcast<u32>(best.value);
  maxima[plane + to] = best.index;
  maxima[2u * plane + to] = bitcast<u32>(best.sum);
}

@compute @workgroup_size(WORKGROUP)
fn score(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  if (scores_params.normed != 0u) {
    note_x(group, local, scores_params, false);
  }
  workgroupBarrier();
  add_up(group, local, scores_params);
  write_scores(group, local);
}

@compute @workgroup_size(WORKGROUP)
fn score_twice(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let p = scores_params;
  note_x(group, local, p, false);
  workgroupBarrier();
  note_x(group, local, p, true);
  workgroupBarrier();
  add_up(group, local, p);
  write_scores(group, local);
}
