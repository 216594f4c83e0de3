// A token of a sequence, put in front of the kernels that read sequences.
//
//   position (B)   history (C, fields, B): the token that each step chose is the first field   ancestors (2, C, B)

// The token at place i of a row's sequence, i at least 1: what the step at position i - 1 has chosen. In beam search that token lies in
// the row of the beam's ancestor. The two halves of ancestors take turns from step to step.
fn history_token(row: u32, i: u32) -> u32 {
  var holder = row;
  if (p.has_ancestors != 0u) {
    holder = ancestors[((position[row] & 1u) * p.capacity + i) * p.rows + row];
  }
  return history[(i - 1u) * p.fields * p.rows + holder];
}
