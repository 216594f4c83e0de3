// The same functions as in lanes_levels.wgsl, for GPUs with subgroups: one barrier. A team may be a part of a subgroup, or several.
//
// Where the threads of a subgroup are neighbours, each block of them that belongs to one team adds up by shuffles. WGSL does not
// promise that they are: where they are not, each thread is a block by itself, and nothing but speed depends on it.

var<workgroup> parts: array<vec4f, WORKGROUP * SLOTS>;
// At the first thread of a block: its threads.
var<workgroup> widths: array<u32, WORKGROUP>;

// Called from uniform control flow only.
fn share_sums(given: array<vec4f, SLOTS>, local: u32) {
  let threads = subgroupAdd(1u);
  let rank = subgroupExclusiveAdd(1u);
  let first = local - rank;
  let same = first == subgroupBroadcastFirst(first);
  let neighbours = subgroupAll(same && first % threads == 0u);
  let block = select(1u, min(threads, LANES), neighbours);
  for (var slot = 0u; slot < SLOTS; slot++) {
    var sum = given[slot];
    for (var away = LANES / 2u; away > 0u; away /= 2u) {
      // No subgroup has more than 128 threads.
      let other = subgroupShuffleXor(sum, min(away, 64u));
      sum += select(vec4f(), other, away < block);
    }
    if (local % block == 0u) {
      parts[slot * WORKGROUP + local] = sum;
    }
  }
  widths[local] = block;
  workgroupBarrier();
}

fn output_sum(output: u32) -> vec4f {
  let begin = output / SLOTS * LANES;
  var sum = vec4f();
  for (var lane = 0u; lane < LANES; lane += widths[begin + lane]) {
    sum += parts[output % SLOTS * WORKGROUP + begin + lane];
  }
  return sum;
}
