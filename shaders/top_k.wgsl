// The k largest of a list, largest first, of equals the lowest index, as pairs (bits of the value, index).
//
// There are two kinds of lists. Values: one chunk of a row of x (R, V), plus the running score of the row where there is
// one; the index is that in G neighbouring rows laid end to end. Pairs: what the first kind left of all chunks, to be merged.
//
//   x (R, V) f32, or (lists, count) pairs   hypotheses (R, HYPOTHESIS_FIELDS)   y (lists, k) pairs
//
// One workgroup per list; see top_rounds.wgsl.

override WORKGROUP: u32 = 64;

struct Params {
  k: u32,
  count: u32, // elements of a list: V for values
  pairs: u32, // 0 values, 1 pairs
  chunk: u32, // values: elements of a chunk
  group: u32, // values: G, rows that share their indices
  scored: u32, // values: whether to add running scores
}

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read> hypotheses: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;
@group(0) @binding(3) var<uniform> p: Params;

// Where a list lies.
struct List {
  base: u32, // its first word in x
  begin: u32, // values: its first column
  end: u32,
  first: u32, // values: the index of column 0
  score: f32,
  to: u32, // its first word in y
}

fn element(list: List, i: u32) -> Entry {
  if (p.pairs != 0u) {
    return Entry(bitcast<f32>(x[list.base + 2u * i]), x[list.base + 2u * i + 1u]);
  }
  let value = clamp(bitcast<f32>(x[list.base + i]), LEAST, -LEAST);
  let banned = value <= BANNED || list.score <= BANNED;
  return Entry(select(value + list.score, LEAST, banned), list.first + i);
}

fn keep(list: List, round: u32, entry: Entry) {
  y[list.to + 2u * round] = bitcast<u32>(entry.value);
  y[list.to + 2u * round + 1u] = entry.index;
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let row = group.y;
  var list = List(row * p.count * 2u, 0u, p.count, 0u, 0.0, 2u * (row * groups.x + group.x) * p.k);
  if (p.pairs == 0u) {
    list.base = row * padded(p.count);
    list.begin = group.x * p.chunk;
    list.end = min(list.begin + p.chunk, p.count);
    list.first = row % p.group * p.count;
    if (p.scored != 0u) {
      list.score = bitcast<f32>(hypotheses[row * HYPOTHESIS_FIELDS + HYPOTHESIS_RUNNING]);
    }
  }
  find_first(list, p.k, local);
}
