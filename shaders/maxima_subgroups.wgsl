// The same function as in maxima_levels.wgsl, for GPUs with subgroups: one barrier. Nothing is said of how many threads a subgroup has, or
// of which they are.

var<workgroup> found: array<Maximum, WORKGROUP>;

// Of the threads of a subgroup, for each of them.
fn of_subgroup(mine: Maximum) -> Maximum {
  let value = subgroupMax(mine.value);
  let sum = subgroupAdd(mine.sum * exp(max(mine.value - value, -87.0)));
  return Maximum(value, subgroupMin(select(NOTHING.index, mine.index, mine.value == value)), sum);
}

// Of what all threads have found, for each of them. Called from uniform control flow only.
fn of_all(mine: Maximum, local: u32) -> Maximum {
  let few = of_subgroup(mine);
  // One thread of each subgroup brings it.
  if (subgroupElect()) {
    found[local] = few;
  } else {
    found[local] = NOTHING;
  }
  workgroupBarrier();
  let threads = subgroupAdd(1u);
  var all = NOTHING;
  for (var i = subgroupExclusiveAdd(1u); i < WORKGROUP; i += threads) {
    all = larger(all, found[i]);
  }
  return of_subgroup(all);
}
