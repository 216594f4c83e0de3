// The first of the entries of all threads of a workgroup, put in front of top_k.wgsl. first_subgroups.wgsl has the same function for GPUs
// with subgroups. Every thread looks at all entries: one barrier.

// Two sides, used in turn: a thread that is ahead writes to one while others still read from the other.
var<workgroup> values: array<f32, 2u * WORKGROUP>;
var<workgroup> indices: array<u32, 2u * WORKGROUP>;

// For each thread. Called from uniform control flow only, with the number of the round.
fn first_of_all(mine: Entry, round: u32, local: u32) -> Entry {
  let side = round % 2u * WORKGROUP;
  values[side + local] = mine.value;
  indices[side + local] = mine.index;
  workgroupBarrier();
  var first = Entry(values[side], indices[side]);
  for (var i = side + 1u; i < side + WORKGROUP; i++) {
    let other = Entry(values[i], indices[i]);
    if (before(other, first)) {
      first = other;
    }
  }
  return first;
}
