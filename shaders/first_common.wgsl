// Entries of a list and their order, put in front of the kernels that look for the first of them.

const NONE = 0xffffffffu;

struct Entry {
  value: f32,
  index: u32,
}

fn before(a: Entry, b: Entry) -> bool {
  return a.value > b.value || (a.value == b.value && a.index < b.index);
}
