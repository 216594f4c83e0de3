// Convolution over time, as a product of overlapping rows:
//
//   y[b, t] = activation(sum over j of x[b, t * stride - before + j] w[:, j]^T + bias) + positions[t]
//
// x (B, T, C)   w (N, k, C)   bias (N)   positions (P, N)   y (B, T', N)   R = B * T'
// One thread computes ROWS = 8 windows by 4 columns in registers, as matmul.wgsl does. The k frames of a window are
// neighbours in memory; frames before the first and after the last count as zeros.

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
@group(0) @binding(1) var<storage, read> w: array<vec4f>;
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
  var w0 = 4u * column * pitch;
  var w1 = min(4u * column + 1u, last) * pitch;
  var w2 = min(4u * column + 2u, last) * pitch;
  var w3 = min(4u * column + 3u, last) * pitch;
  var y0 = vec4f();
  var y1 = vec4f();
  var y2 = vec4f();
  var y3 = vec4f();
  var y4 = vec4f();
  var y5 = vec4f();
  var y6 = vec4f();
  var y7 = vec4f();
  for (var j = 0u; j < p.kernel; j++) {
    let x0 = frame(row, j);
    let x1 = frame(row + 1u, j);
    let x2 = frame(row + 2u, j);
    let x3 = frame(row + 3u, j);
    let x4 = frame(row + 4u, j);
    let x5 = frame(row + 5u, j);
    let x6 = frame(row + 6u, j);
    let x7 = frame(row + 7u, j);
    for (var c = 0u; c < p.inner; c++) {
      let a = w[w0 + c];
      let b = w[w1 + c];
      let d = w[w2 + c];
      let e = w[w3 + c];
      let v0 = x[x0.start + c] * x0.present;
      y0 += vec4f(dot(v0, a), dot(v0, b), dot(v0, d), dot(v0, e));
      let v1 = x[x1.start + c] * x1.present;
      y1 += vec4f(dot(v1, a), dot(v1, b), dot(v1, d), dot(v1, e));
      let v2 = x[x2.start + c] * x2.present;
      y2 += vec4f(dot(v2, a), dot(v2, b), dot(v2, d), dot(v2, e));
      let v3 = x[x3.start + c] * x3.present;
      y3 += vec4f(dot(v3, a), dot(v3, b), dot(v3, d), dot(v3, e));
      let v4 = x[x4.start + c] * x4.present;
      y4 += vec4f(dot(v4, a), dot(v4, b), dot(v4, d), dot(v4, e));
      let v5 = x[x5.start + c] * x5.present;
      y5 += vec4f(dot(v5, a), dot(v5, b), dot(v5, d), dot(v5, e));
      let v6 = x[x6.start + c] * x6.present;
      y6 += vec4f(dot(v6, a), dot(v6, b), dot(v6, d), dot(v6, e));
      let v7 = x[x7.start + c] * x7.present;
      y7 += vec4f(dot(v7, a), dot(v7, b), dot(v7, d), dot(v7, e));
    }
    w0 += p.inner;
    w1 += p.inner;
    w2 += p.inner;
    w3 += p.inner;
  }
  var result = array(y0, y1, y2, y3, y4, y5, y6, y7);
  for (var i = 0u; i < ROWS && row + i < p.rows; i++) {
    var value = activate(result[i] + bias[column], p.activation);
    if (p.has_positions != 0u) {
      value += positions[(row + i) % p.windows * outer + column];
    }
    y[(row + i) * outer + column] = value;
  }
}
