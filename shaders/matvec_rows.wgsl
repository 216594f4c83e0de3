// The same operation as matvec.wgsl, for GPUs: w is read once for up to 16 rows, and every read is a vec4 beside those of the
// neighbours. This is what decodes one sentence, the beams of a sentence and small batches.
//
//   linear, project: see matvec.wgsl; gated, half of a thread's columns are the gates of the others
//   scores: norm(x) w^T * scale + bias for a vocabulary, and of each row and workgroup the maximum, its column, and the sum
//           of exp(score - maximum), so that nothing has to walk over the vocabulary afterwards; see maxima_common.wgsl
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
// Three barriers: one for the statistics of the norms, two for the sums over the lanes.

const TEAMS = COLUMN_TEAMS * ROW_TEAMS;
const WORKGROUP = TEAMS * LANES;
const GROUP_ROWS = ROW_TEAMS * ROWS;
const COLUMNS = QUADS / HALVES; // of y, of a team, in vec4s
const GROUP_COLUMNS = COLUMN_TEAMS * COLUMNS;
// vec4s that a thread adds up: ROWS of the first vec4 of columns, then of the next
const SLOTS = ROWS * QUADS;
const OUTPUTS = TEAMS * SLOTS;
// Of an output, after the first of two additions.
const SUMS = select(8u, 16u, LANES > 64u);
// Threads that share the statistics of a row. Every thread adds up what they found, so there are not too many.
const SHARES = min(32u, WORKGROUP / GROUP_ROWS);
// vec4s that such a thread loads at once.
const LOADS = 4u;

@group(0) @binding(4) var<storage, read_write> maxima: array<u32>;
@group(0) @binding(5) var<storage, read_write> scores: array<vec4f>;
@group(0) @binding(6) var<uniform> scores_params: Params;

// Of some vec4s of a row: their mean, how many elements, the sum of the squares of their distances from the mean.
struct Share {
  mean: f32,
  count: f32,
  squares: f32,
}

var<workgroup> parts: array<vec4f, WORKGROUP * SLOTS>;
var<workgroup> sums: array<vec4f, OUTPUTS * SUMS>;
var<workgroup> shares: array<Share, 2u * GROUP_ROWS * SHARES>; // of the rows of x, then of the operand

// Where a thread is, and which results are its own.
struct Place {
  lane: u32,
  first_row: u32,
  first_column: u32, // of this part of w, in vec4s
}

fn place_of(group: vec3u, local: u32) -> Place {
  let team = local / LANES;
  return Place(
    local % LANES,
    group.y * GROUP_ROWS + team / COLUMN_TEAMS * ROWS,
    group.x * GROUP_COLUMNS + team % COLUMN_TEAMS * COLUMNS,
  );
}

// (mean, 1 / standard deviation) of a row of `length` elements, whose shares begin at `at`; 0 for the mean where it is not to be
// subtracted. Distances are taken from the mean of the first share, so nothing cancels where the mean is large.
fn statistics(at: u32, length: u32, centred: bool, eps: f32) -> vec2f {
  let origin = shares[at].mean;
  var away = 0.0;
  var squares = 0.0;
  for (var i = 0u; i < SHARES; i++) {
    let share = shares[at + i];
    let distance = share.mean - origin;
    away += share.count * distance;
    squares += share.squares + share.count * distance * distance;
  }
  away /= f32(length);
  squares /= f32(length);
  if (centred) {
    return vec2f(origin + away, inverseSqrt(max(0.0, squares - away * away) + eps));
  }
  return vec2f(0.0, inverseSqrt(max(0.0, squares + (2.0 * away + origin) * origin) + eps));
}

fn statistics_of_x(row: u32, p: Params) -> vec2f {
  return statistics(row * SHARES, p.length, p.rms == 0u, p.eps);
}

fn statistics_of_operand(row: u32) -> vec2f {
  return statistics((GROUP_ROWS + row) * SHARES, p.outer_length, p.operand_use == OPERAND_LAYER_NORMED, p.operand_eps);
}

// A share with LOADS more vec4s, of which those of `there` count.
fn with_more(share: Share, v: array<vec4f, LOADS>, there: array<vec4f, LOADS>) -> Share {
  var values = v;
  var ones = there;
  var sum = 0.0;
  var count = 0.0;
  for (var i = 0u; i < LOADS; i++) {
    sum += dot(values[i], ones[i]);
    count += dot(ones[i], ones[i]);
  }
  let mean = sum / max(count, 1.0);
  var squares = 0.0;
  for (var i = 0u; i < LOADS; i++) {
    let d = (values[i] - mean) * ones[i];
    squares += dot(d, d);
  }
  // Chan, Golub and LeVeque 1983
  let all = max(share.count + count, 1.0);
  let away = mean - share.mean;
  return Share(
    share.mean + away * count / all,
    share.count + count,
    share.squares + squares + away * away * share.count * count / all,
  );
}

// This thread's share of the statistics of a row of x.
fn note_x(group: vec3u, local: u32, p: Params) {
  if (local >= GROUP_ROWS * SHARES) {
    return;
  }
  let first = min(group.y * GROUP_ROWS + local / SHARES, p.rows - 1u) * p.inner;
  var share = Share();
  for (var k = local % SHARES; k < p.inner; k += SHARES * LOADS) {
    var v: array<vec4f, LOADS>;
    var there: array<vec4f, LOADS>;
    for (var i = 0u; i < LOADS; i++) {
      v[i] = x[first + min(k + i * SHARES, p.inner - 1u)];
      there[i] = present(k + i * SHARES, p.length);
    }
    share = with_more(share, v, there);
  }
  shares[local] = share;
}

// The same of the operand. One function for both would have to take its buffer as an argument, which WGSL allows nowhere yet, or to
// name both: `project` and `score` have other buffers at the operand's place.
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
  shares[GROUP_ROWS * SHARES + local] = share;
}

// sum + v times four rows of w, of which a, b, c and d are the same four elements
fn added(sum: vec4f, v: vec4f, a: vec4f, b: vec4f, c: vec4f, d: vec4f) -> vec4f {
  return sum + v.x * vec4f(a.x, b.x, c.x, d.x) + v.y * vec4f(a.y, b.y, c.y, d.y) + v.z * vec4f(a.z, b.z, c.z, d.z) +
    v.w * vec4f(a.w, b.w, c.w, d.w);
}

// Adds up norm(x) w^T: `sums` gets SUMS parts of each output. Called from uniform control flow only.
fn add_up(group: vec3u, local: u32, p: Params) {
  let at = place_of(group, local);
  var first: array<u32, ROWS>;
  var of_x: array<vec2f, ROWS>;
  for (var r = 0u; r < ROWS; r++) {
    // Behind the last row it is the last once more, whose result is not written.
    first[r] = min(at.first_row + r, p.rows - 1u) * p.inner;
    of_x[r] = vec2f(0.0, 1.0);
    if (p.normed != 0u) {
      of_x[r] = statistics_of_x(at.first_row % GROUP_ROWS + r, p);
    }
  }
  var start: array<u32, 4u * QUADS>;
  for (var i = 0u; i < 4u * QUADS; i++) {
    let column = min(at.first_column + i / 4u % COLUMNS, p.count - 1u) * 4u + i % 4u;
    start[i] = weight_row(select(column, gate_row(column, p.outer_length), i / 4u >= COLUMNS), p.inner);
  }

  // 1. the part of this lane; a team without rows has nothing to do
  let end = select(0u, p.inner, at.first_row < p.rows);
  let last = p.inner - 1u;
  // The zeros are written out: without them SwiftShader keeps what was there before.
  var sum = array<vec4f, SLOTS>();
  for (var c = at.lane; c * CHUNK < end; c += LANES * UNROLL) {
    var raw: array<Chunk, UNROLL * 4u * QUADS>;
    for (var i = 0u; i < UNROLL * 4u * QUADS; i++) {
      raw[i] = chunk(start[i % (4u * QUADS)], min(c + i / (4u * QUADS) * LANES, last / CHUNK));
    }
    var partial = array<vec4f, SLOTS>();
    for (var u = 0u; u < UNROLL; u++) {
      for (var j = 0u; j < CHUNK; j++) {
        let place = (c + u * LANES) * CHUNK + j;
        let k = min(place, last);
        let inside = select(0.0, 1.0, place <= last);
        // Where there is no norm, this reads something, and nothing is done with it: a branch would keep loads apart.
        let gain = norm[k];
        let shift = norm[p.inner + k];
        var v: array<vec4f, ROWS>;
        for (var r = 0u; r < ROWS; r++) {
          v[r] = x[first[r] + k];
        }
        for (var r = 0u; r < ROWS; r++) {
          let normed = (v[r] - of_x[r].x) * of_x[r].y * gain + shift;
          v[r] = inside * select(v[r], normed, p.normed != 0u);
        }
        for (var q = 0u; q < QUADS; q++) {
          let four = (u * QUADS + q) * 4u;
          let w0 = chunk_part(raw[four], j);
          let w1 = chunk_part(raw[four + 1u], j);
          let w2 = chunk_part(raw[four + 2u], j);
          let w3 = chunk_part(raw[four + 3u], j);
          for (var r = 0u; r < ROWS; r++) {
            let slot = q * ROWS + r;
            if (SCALED) {
              partial[slot] = added(partial[slot], v[r], w0, w1, w2, w3);
            } else {
              sum[slot] = added(sum[slot], v[r], w0, w1, w2, w3);
            }
          }
        }
      }
    }
    if (SCALED) {
      for (var q = 0u; q < QUADS; q++) {
        let scale = vec4f(
          chunk_scale(start[4u * q], c),
          chunk_scale(start[4u * q + 1u], c),
          chunk_scale(start[4u * q + 2u], c),
          chunk_scale(start[4u * q + 3u], c),
        );
        for (var r = 0u; r < ROWS; r++) {
          sum[q * ROWS + r] += scale * partial[q * ROWS + r];
        }
      }
    }
  }

  // 2. those of all lanes become SUMS of each output
  for (var slot = 0u; slot < SLOTS; slot++) {
    parts[slot * WORKGROUP + local] = sum[slot];
  }
  workgroupBarrier();
  for (var i = local; i < OUTPUTS * SUMS; i += WORKGROUP) {
    let output = i / SUMS;
    let begin = output % SLOTS * WORKGROUP + output / SLOTS * LANES;
    var total = vec4f();
    for (var lane = i % SUMS; lane < LANES; lane += SUMS) {
      total += parts[begin + lane];
    }
    sums[i] = total;
  }
  workgroupBarrier();
}

fn output_sum(output: u32) -> vec4f {
  var sum = vec4f();
  for (var i = 0u; i < SUMS; i++) {
    sum += sums[output * SUMS + i];
  }
  return sum;
}

// Row within the group, and column of this part of w in vec4s, of an output.
fn row_of(output: u32) -> u32 {
  return output / SLOTS / COLUMN_TEAMS * ROWS + output % ROWS;
}

fn column_of(group: vec3u, output: u32) -> u32 {
  return group.x * GROUP_COLUMNS + output / SLOTS % COLUMN_TEAMS * COLUMNS + output % SLOTS / ROWS % COLUMNS;
}

@compute @workgroup_size(WORKGROUP)
fn linear(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  if (p.normed != 0u) {
    note_x(group, local, p);
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
    note_x(group, local, p);
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

@compute @workgroup_size(WORKGROUP)
fn score(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let p = scores_params;
  if (p.normed != 0u) {
    note_x(group, local, p);
  }
  workgroupBarrier();
  add_up(group, local, p);
  // One thread for each row, so that there is no fourth barrier.
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
