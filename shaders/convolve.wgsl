// Convolution over time, as a product of overlapping rows:
//
//   y[b, t] = activation(sum over j of x[b, t * stride - before + j] w[:, j]^T + bias) + positions[t]
//
// x (B, T, C)   w (N, k, C)   bias (N)   positions (P, N)   y (B, T', N)   R = B * T'
// One thread computes ROWS = 8 windows by 4 columns, see register_tile.wgsl, frame by frame. The k frames of a window are neighbours in
// memory; frames before the first and after the last count as zeros.

struct Params {
  rows: u32, // R
  frames: u32, // T
  windows: u32, // T'
  kernel: u32, // k
  inner: u32, // vec4s of a frame: C / 4, rounded up
  columns: u32, // N
  stride: u32,
  before: u32, // frames of zeros before the first
  activation: u32,
  has_positions: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
// 1: w, see weights_f32.wgsl
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;
@group(0) @binding(3) var<storage, read> positions: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(5) var<uniform> p: Params;

// Where frame j of a window begins, and 1; where there is no such frame, another place and 0.
struct Frame {
  start: u32,
  present: f32,
}

fn frame(row: u32, j: u32) -> Frame {
  let at = min(row, p.rows - 1u);
  let f = (at % p.windows) * p.stride + j; // counted from the first frame of zeros
  let inside = f >= p.before && f < p.before + p.frames;
  let place = select(0u, f - p.before, inside);
  return Frame((at / p.windows * p.frames + place) * p.inner, select(0.0, 1.0, inside));
}

@compute @workgroup_size(COLUMN_THREADS, ROW_THREADS)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let column = id.x;
  let row = id.y * ROWS;
  let outer = (p.columns + 3u) / 4u;
  if (column >= outer || row >= p.rows) {
    return;
  }
  let last = p.columns - 1u;
  let pitch = p.kernel * p.inner;
  let w0 = 4u * column * pitch;
  let w1 = min(4u * column + 1u, last) * pitch;
  let w2 = min(4u * column + 2u, last) * pitch;
  let w3 = min(4u * column + 3u, last) * pitch;
  var result = array<vec4f, ROWS>();
  for (var j = 0u; j < p.kernel; j++) {
    var frames: array<Frame, ROWS>;
    var starts: array<u32, ROWS>;
    for (var i = 0u; i < ROWS; i++) {
      frames[i] = frame(row + i, j);
      starts[i] = frames[i].start;
    }
    let at = j * p.inner;
    let products = tile(starts, array(w0 + at, w1 + at, w2 + at, w3 + at), p.inner);
    for (var i = 0u; i < ROWS; i++) {
      result[i] += products[i] * frames[i].present;
    }
  }
  for (var i = 0u; i < ROWS && row + i < p.rows; i++) {
    var value = activate(result[i] + bias[column], p.activation);
    if (p.has_positions != 0u) {
      value += positions[(row + i) % p.windows * outer + column];
    }
    y[(row + i) * outer + column] = value;
  }
}
