// The same function as in first_levels.wgsl, for GPUs with subgroups: a thread looks at a few entries, not at all. Nothing is said of how
// many threads a subgroup has, or of which they are.

// Two sides, as in first_levels.wgsl.
var<workgroup> values: array<f32, 2u * WORKGROUP>;
var<workgroup> indices: array<u32, 2u * WORKGROUP>;

// Of the threads of a subgroup, for each of them.
fn first_of_subgroup(mine: Entry) -> Entry {
  let value = subgroupMax(mine.value);
  return Entry(value, subgroupMin(select(NONE, mine.index, mine.value == value)));
}

fn first_of_all(mine: Entry, round: u32, local: u32) -> Entry {
  let side = round % 2u * WORKGROUP;
  let few = first_of_subgroup(mine);
  // One thread of each subgroup brings it.
  let brings = subgroupElect();
  values[side + local] = select(LEAST, few.value, brings);
  indices[side + local] = select(NONE, few.index, brings);
  workgroupBarrier();
  let threads = subgroupAdd(1u);
  var first = Entry(LEAST, NONE);
  for (var i = side + subgroupExclusiveAdd(1u); i < side + WORKGROUP; i += threads) {
    let other = Entry(values[i], indices[i]);
    if (before(other, first)) {
      first = other;
    }
  }
  return first_of_subgroup(first);
}
