// Token embedding plus positions:
//
//   y[b, t, :] = table[ids[b, t], :] * scale + positions[offset[b] + t, :]
//
// ids (B, T)   table (V, D)   positions (P, D)   offset (B)   y (B, T, D)
// One thread a vec4 of the output; x runs over D / 4, y over the rows B * T. Rows are padded to vec4.

struct Params {
  length: u32, // T
  width: u32, // vec4s a row
  scale: f32,
}

@group(0) @binding(0) var<storage, read> ids: array<u32>;
@group(0) @binding(1) var<storage, read> table: array<vec4f>;
@group(0) @binding(2) var<storage, read> positions: array<vec4f>;
@group(0) @binding(3) var<storage, read> offset: array<u32>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(5) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let column = id.x;
  let row = id.y;
  if (column >= p.width) {
    return;
  }
  let position = offset[row / p.length] + row % p.length;
  y[row * p.width + column] =
    table[ids[row] * p.width + column] * p.scale + positions[position * p.width + column];
}
