// The same functions as in reduce_levels.wgsl, for GPUs with subgroups: one barrier each. A subgroup may have any number of threads,
// and nothing is said of which threads they are.

// Two sides, used in turn: a thread that is ahead writes to one while others still read from the other.
var<workgroup> shares: array<vec4f, 2u * WORKGROUP>;
var<private> side = 0u;

fn keep_share(value: vec4f, local: u32) {
  side = WORKGROUP - side;
  shares[side + local] = value;
  workgroupBarrier();
}

fn total(value: vec4f, local: u32) -> vec4f {
  // One thread of each subgroup brings its sum.
  let own = subgroupAdd(value);
  keep_share(select(vec4f(), own, subgroupElect()), local);
  let threads = subgroupAdd(1u);
  var sum = vec4f();
  for (var i = subgroupExclusiveAdd(1u); i < WORKGROUP; i += threads) {
    sum += shares[side + i];
  }
  return subgroupAdd(sum);
}

fn highest(value: vec4f, local: u32) -> vec4f {
  keep_share(subgroupMax(value), local);
  let threads = subgroupAdd(1u);
  var most = value;
  for (var i = subgroupExclusiveAdd(1u); i < WORKGROUP; i += threads) {
    most = max(most, shares[side + i]);
  }
  return subgroupMax(most);
}
