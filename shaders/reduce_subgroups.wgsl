// The same functions as in reduce_levels.wgsl, for GPUs with subgroups: one barrier each. A subgroup may have any number of threads,
// and nothing is said of which threads they are.

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
