// Entries of a list and their order, put in front of top_k.wgsl.

override WORKGROUP: u32 = 64;

const NONE = 0xffffffffu;

struct Entry {
  value: f32,
  index: u32,
}

fn before(a: Entry, b: Entry) -> bool {
  return a.value > b.value || (a.value == b.value && a.index < b.index);
}
