// The same operation as matvec.wgsl, for GPUs: w is read once for up to 16 rows, and every read is a vec4 beside those of the
// neighbours. This is what decodes one sentence, the beams of a sentence and small batches.
//
//   linear, project: see matvec.wgsl; gated, half of a thread's columns are the gates of the others
//
// A workgroup is TEAMS of LANES threads. A team computes QUADS vec4s of columns of ROWS rows: its lanes walk along K side by
// side, each with UNROLL chunks of CHUNK vec4s at a time (see chunks_f32.wgsl), and what a lane reads of w serves all rows.
// Teams differ in their columns, or, ROW_TEAMS = 2, in their rows. Where K = 512, N = 512 and w is f32:
//
//   LANES 64, UNROLL 2, QUADS 1: 128 workgroups, and each lane reads 2 chunks of 4 columns, all at once
//
// On a large GPU such a product is a matter of latency, not of bytes: as long as a lane waits for what it has loaded, it
// should have loaded all that it needs. So loads stand together, before what is done with them.
//
// Three barriers, one for the statistics of the norms and two for the sums over the lanes; with subgroups two.
//
//   matvec_rows_statistics.wgsl   the norms of x and of the operand
//   matvec_rows_sums.wgsl         the part of the sums that each lane has
//   lanes_*.wgsl                  the sums over the lanes

// x has one norm at most.
fn of_earlier(v: vec4f, k: u32, earlier: vec2f) -> vec4f {
  return v;
}

fn statistics_of_operand(row: u32) -> vec2f {
  return statistics(SECOND + row * SHARES, p.outer_length, p.operand_use == OPERAND_LAYER_NORMED, p.operand_eps);
}

// As `note_x`, of a row of the operand. One function for both would have to take its buffer as an argument, which WGSL allows nowhere yet, or to
// name both: `project` has another buffer at the operand's place.
fn note_operand(group: vec3u, local: u32) {
  if (local >= GROUP_ROWS * SHARES) {
    return;
  }
  let first = min(group.y * GROUP_ROWS + local / SHARES, p.rows - 1u) * p.outer;
  var share = Share();
  for (var n = local % SHARES; n < p.outer; n += SHARES * LOADS) {
    var v: array<vec4f, LOADS>;
    var there: array<vec4f, LOADS>;
    for (var i = 0u; i < LOADS; i++) {
      v[i] = operand[first + min(n + i * SHARES, p.outer - 1u)];
      there[i] = present(n + i * SHARES, p.outer_length);
    }
    share = with_more(share, v, there);
  }
  shares[SECOND + local] = share;
}

@compute @workgroup_size(WORKGROUP)
fn linear(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  if (p.normed != 0u) {
    note_x(group, local, p, false);
  }
  if (operand_is_normed()) {
    note_operand(group, local);
  }
  workgroupBarrier();
  add_up(group, local, p);
  for (var output = local; output < OUTPUTS; output += WORKGROUP) {
    let row = row_of(output);
    let column = column_of(group, output);
    if (group.y * GROUP_ROWS + row >= p.rows || column >= p.count) {
      continue;
    }
    if (GATED) {
      if (output % SLOTS < COLUMNS * ROWS) {
        write_gated(group.y * GROUP_ROWS + row, column, output_sum(output), output_sum(output + COLUMNS * ROWS));
      }
    } else {
      var s = vec2f(0.0, 1.0);
      if (operand_is_normed()) {
        s = statistics_of_operand(row);
      }
      write_linear(group.y * GROUP_ROWS + row, p.first + column, output_sum(output), s);
    }
  }
}

@compute @workgroup_size(WORKGROUP)
fn project(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let p = project_params;
  if (p.normed != 0u) {
    note_x(group, local, p, false);
  }
  workgroupBarrier();
  add_up(group, local, p);
  for (var output = local; output < OUTPUTS; output += WORKGROUP) {
    let row = group.y * GROUP_ROWS + row_of(output);
    let column = column_of(group, output);
    if (row < p.rows && column < p.count) {
      write_project(row, p.first + column, output_sum(output));
    }
  }
}
