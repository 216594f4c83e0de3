// Token embedding, normalised where the model does that, plus positions:
//
//   y[b, t, :] = norm(table[ids[b, t], :] * scale) + positions[position, :], or the norm of the sum
//
// ids (B, T)   table (V, D)   positions (P, D)   offset (B)   norm (2, D): gain, then bias   y (B, T, D)
// A table that is too large for one buffer comes in parts. Each part has its own dispatch, which writes the rows of the ids
// that are in the part. embed.wgsl is the kernel without a norm, embed_normed.wgsl the one with it.

struct Params {
  length: u32, // T
  width: u32, // vec4s of a row
  scale: f32,
  // POSITIONS_NONE: there are no positions. POSITIONS_ALL: position = offset[b] + t. POSITIONS_TOKENS, as fairseq counts:
  // pad for pads, else pad + offset[b] + how many of ids[b, 0 .. t] are not pads.
  counting: u32,
  pad: u32,
  first: u32, // the row of the whole table that this part begins with
  count: u32, // rows of this part
  row_length: u32, // D
  norm_kind: u32, // NORM_LAYER or NORM_RMS
  norm_last: u32, // 1: of the sum
  eps: f32,
  rows: u32, // B * T
}

@group(0) @binding(0) var<storage, read> ids: array<u32>;
// 1: w, the table, see weights_f32.wgsl
@group(0) @binding(2) var<storage, read> positions: array<vec4f>;
@group(0) @binding(3) var<storage, read> offset: array<u32>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;

fn position(row: u32) -> u32 {
  let b = row / p.length;
  if (p.counting == POSITIONS_ALL) {
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

// What is normalised.
struct Sum {
  start: u32, // in the table
  place: u32, // in the positions
  together: bool, // whether it has the positions
}

fn value_of(sum: Sum, column: u32) -> vec4f {
  var value = weight(sum.start, column) * p.scale;
  if (sum.together) {
    value += positions[sum.place + column];
  }
  return value;
}

// Of a row of y. `there`: whether its id is in this part of the table
struct Place {
  there: bool,
  sum: Sum,
  position: u32,
}

fn place_of(row: u32) -> Place {
  let entry = ids[row] - p.first; // wraps below the part, and is then beyond it
  if (entry >= p.count) {
    return Place();
  }
  var place = 0u;
  if (p.counting != POSITIONS_NONE) {
    place = position(row) * p.width;
  }
  let together = p.counting != POSITIONS_NONE && p.norm_last != 0u;
  return Place(true, Sum(weight_row(entry, p.width), place, together), place);
}

// value: of the token, normalised where it is
fn write(row: u32, column: u32, place: Place, value: vec4f) {
  var sum = value;
  if (p.counting != POSITIONS_NONE && !place.sum.together) {
    sum += positions[place.position + column];
  }
  y[row * p.width + column] = sum;
}
