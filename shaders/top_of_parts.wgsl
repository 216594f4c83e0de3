// The same lists as those of top_k.wgsl, in one dispatch, where the maxima of the parts of each row are known, see maxima_common.wgsl.
//
// Each of the k largest scores lies in one of the k parts with the largest maxima. So a workgroup finds these parts first, and then
// reads their scores and no others: for 4 beams 8 parts of 32 scores, and not 4 * 58,101.
//
// The scores may be logits where log-probabilities are asked for: a row's maxima say what to subtract.
//
//   maxima (3, R, parts)   row_scores (R, V)   hypotheses (R, HYPOTHESIS_FIELDS)   y (R / G, k) pairs (bits of the score, index)
//
// One workgroup for each G rows; the index is that in the G rows laid end to end. Of equal scores the lowest index goes first. Parts are
// ordered in the same way, so it does not matter that a score which rounds to the maximum of its part may come before it.

struct Params {
  k: u32,
  length: u32, // V
  rows: u32, // R
  group: u32, // G
  parts: u32, // of a row
  width: u32, // scores of a part
  normalises: u32, // 1: the scores are logits, and y has log-probabilities
  scored: u32, // 1: y has them with the running scores of the rows
}

// 0: maxima, see maxima_common.wgsl
@group(0) @binding(1) var<storage, read> row_scores: array<f32>;
@group(0) @binding(2) var<storage, read> hypotheses: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<u32>;
@group(0) @binding(4) var<uniform> p: Params;

// What makes the scores of a row comparable with those of others.
struct Row {
  highest: f32, // subtracted first, with what is left of it: as in log_softmax.wgsl
  shift: f32,
  running: f32,
}

var<workgroup> rows_of_group: array<Row, MAX_BEAMS>;
// The parts with the largest maxima, counted over all rows of the workgroup.
var<workgroup> chosen: array<u32, MAX_K>;

struct List {
  is_of_parts: bool,
  first_row: u32,
  begin: u32,
  end: u32,
}

fn score_of(value: f32, g: u32) -> f32 {
  let row = rows_of_group[g];
  let score = clamp(max(clamp(value, LEAST, -LEAST) - row.highest, LEAST) - row.shift, LEAST, -LEAST);
  return select(score + row.running, LEAST, score <= BANNED || row.running <= BANNED);
}

fn element(list: List, i: u32) -> Entry {
  if (list.is_of_parts) {
    return Entry(score_of(bitcast<f32>(maxima[list.first_row * p.parts + i]), i / p.parts), i);
  }
  let part = chosen[i / p.width];
  let g = part / p.parts;
  let column = part % p.parts * p.width + i % p.width;
  if (column >= p.length) {
    return Entry(LEAST, NONE);
  }
  return Entry(score_of(row_scores[(list.first_row + g) * padded(p.length) + column], g), g * p.length + column);
}

fn keep(list: List, round: u32, entry: Entry) {
  if (list.is_of_parts) {
    chosen[round] = entry.index;
    return;
  }
  let to = 2u * (list.first_row / p.group * p.k + round);
  y[to] = bitcast<u32>(entry.value);
  y[to + 1u] = entry.index;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let first_row = group.x * p.group;
  for (var g = 0u; g < p.group; g++) {
    var row = Row(0.0, 0.0, 0.0);
    if (p.normalises != 0u) {
      let all = of_row(first_row + g, p.rows, p.parts, local);
      row.highest = all.value;
      row.shift = log(all.sum);
      // The next row uses the same workgroup memory.
      workgroupBarrier();
    }
    if (p.scored != 0u) {
      row.running = bitcast<f32>(hypotheses[(first_row + g) * HYPOTHESIS_FIELDS + HYPOTHESIS_RUNNING]);
    }
    if (local == 0u) {
      rows_of_group[g] = row;
    }
  }
  workgroupBarrier();

  let parts = p.group * p.parts;
  let few = min(p.k, parts);
  find_first(List(true, first_row, 0u, parts), few, local);
  workgroupBarrier();
  find_first(List(false, first_row, 0u, few * p.width), p.k, local);
}
