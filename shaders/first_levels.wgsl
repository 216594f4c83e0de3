// The first of the entries of all threads of a workgroup, put in front of the kernels that use first_common.wgsl. first_subgroups.wgsl has the
// same function for GPUs with subgroups. Two levels, as in reduce_levels.wgsl; where threads are few, one level and one barrier.

// Threads that are left after the first level.
const FEW_ENTRIES = 16u;

// Two sides, used in turn: with one level, a thread that is ahead writes to one while others still read from the other.
var<workgroup> values: array<f32, 2u * WORKGROUP>;
var<workgroup> indices: array<u32, 2u * WORKGROUP>;
var<workgroup> few_entries: array<Entry, FEW_ENTRIES>;

// Of every `step`-th entry of a side.
fn first_of_some(side: u32, begin: u32, step: u32) -> Entry {
  var first = Entry(values[side + begin], indices[side + begin]);
  for (var i = begin + step; i < WORKGROUP; i += step) {
    let other = Entry(values[side + i], indices[side + i]);
    if (before(other, first)) {
      first = other;
    }
  }
  return first;
}

// For each thread. Called from uniform control flow only, with the number of the round.
fn first_of_all(mine: Entry, round: u32, local: u32) -> Entry {
  let side = round % 2u * WORKGROUP;
  values[side + local] = mine.value;
  indices[side + local] = mine.index;
  workgroupBarrier();
  if (WORKGROUP <= FEW_ENTRIES) {
    return first_of_some(side, 0u, 1u);
  }
  if (local < FEW_ENTRIES) {
    few_entries[local] = first_of_some(side, local, FEW_ENTRIES);
  }
  workgroupBarrier();
  var first = few_entries[0];
  for (var i = 1u; i < FEW_ENTRIES; i++) {
    if (before(few_entries[i], first)) {
      first = few_entries[i];
    }
  }
  return first;
}
