// Token embedding plus positions:
//
//   y[b, t, :] = table[ids[b, t], :] * scale + positions[position, :]
//
// ids (B, T)   table (V, D)   positions (P, D)   offset (B)   y (B, T, D)
// A table that is too large for one buffer comes in parts, a dispatch each, which writes the rows whose id is in its part.
// One thread a vec4 of the output; x runs over D / 4, y over the rows B * T. Rows are padded to vec4.

const NO_POSITIONS = 0u;
const COUNT_ALL = 1u; // position = offset[b] + t
const COUNT_TOKENS = 2u; // fairseq's: pad for pads, else pad + offset[b] + how many of ids[b, 0 .. t] are no pads

struct Params {
  length: u32, // T
  width: u32, // vec4s a row
  scale: f32,
  counting: u32,
  pad: u32,
  first: u32, // the table's first row of the whole
  count: u32, // the table's rows
}

@group(0) @binding(0) var<storage, read> ids: array<u32>;
// 1: w, the table, see weights_f32.wgsl
@group(0) @binding(2) var<storage, read> positions: array<vec4f>;
@group(0) @binding(3) var<storage, read> offset: array<u32>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(5) var<uniform> p: Params;

fn position(row: u32) -> u32 {
  let b = row / p.length;
  if (p.counting == COUNT_ALL) {
    return offset[b] + row % p.length;
  }
  if (ids[row] == p.pad) {
    return p.pad;
  }
  var count = offset[b];
  for (var i = b * p.length; i <= row; i++) {
    count += select(1u, 0u, ids[i] == p.pad);
  }
  return p.pad + count;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let column = id.x;
  let row = id.y;
  let entry = ids[row] - p.first; // wraps below the part, and is then beyond it
  if (column >= p.width || entry >= p.count) {
    return;
  }
  var value = weight(weight_row(entry, p.width), column) * p.scale;
  if (p.counting != NO_POSITIONS) {
    value += positions[position(row) * p.width + column];
  }
  y[row * p.width + column] = value;
}
