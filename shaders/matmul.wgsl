// Linear map of many rows:
//
//   linear:  y = activation(x w^T + bias) + residual
//   project: the same without activation and residual, columns 0 .. D-1 to the query and the rest, key and value,
//            to rows offset[b] + t of the cache
//
// x (R, K)   w (N, K), as PyTorch stores it   bias (N)   residual, y (R, N)
// query (B, T, D)   cache (B, C, 2D)   offset (B)   R = B * T
// One thread computes 4 rows by 4 columns in registers, reading x and w four elements at a time; no workgroup
// memory, no barriers. K is padded with zeros to vec4 and N to 4 rows in w, so only rows of x need a bound.

struct Params {
  rows: u32, // R
  inner: u32, // vec4s a row of x and w
  outer: u32, // N / 4, rounded up
  activation: u32,
  has_residual: u32,
  length: u32, // T
  capacity: u32, // C
  width: u32, // D
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> w: array<vec4f>;
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;
// linear
@group(0) @binding(3) var<storage, read> residual: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(5) var<uniform> p: Params;
// project
@group(0) @binding(3) var<storage, read> offset: array<u32>;
@group(0) @binding(4) var<storage, read_write> cache: array<f32>;
@group(0) @binding(5) var<storage, read_write> query: array<f32>;
@group(0) @binding(6) var<uniform> project_params: Params;

// Four rows of x times four rows of w: column j of the result belongs to row j of x.
fn tile(row: u32, column: u32, rows: u32, inner: u32) -> mat4x4f {
  let last = rows - 1u;
  let x0 = min(row, last) * inner;
  let x1 = min(row + 1u, last) * inner;
  let x2 = min(row + 2u, last) * inner;
  let x3 = min(row + 3u, last) * inner;
  let w0 = column * 4u * inner;
  let w1 = w0 + inner;
  let w2 = w1 + inner;
  let w3 = w2 + inner;
  var y0 = vec4f();
  var y1 = vec4f();
  var y2 = vec4f();
  var y3 = vec4f();
  for (var k = 0u; k < inner; k++) {
    let a = x[x0 + k];
    let b = x[x1 + k];
    let c = x[x2 + k];
    let d = x[x3 + k];
    let m = w[w0 + k];
    let n = w[w1 + k];
    let o = w[w2 + k];
    let q = w[w3 + k];
    y0 += vec4f(dot(a, m), dot(a, n), dot(a, o), dot(a, q));
    y1 += vec4f(dot(b, m), dot(b, n), dot(b, o), dot(b, q));
    y2 += vec4f(dot(c, m), dot(c, n), dot(c, o), dot(c, q));
    y3 += vec4f(dot(d, m), dot(d, n), dot(d, o), dot(d, q));
  }
  let add = bias[column];
  return mat4x4f(y0 + add, y1 + add, y2 + add, y3 + add);
}

@compute @workgroup_size(8, 4)
fn linear(@builtin(global_invocation_id) id: vec3u) {
  let column = id.x;
  let row = id.y * 4u;
  if (column >= p.outer || row >= p.rows) {
    return;
  }
  let result = tile(row, column, p.rows, p.inner);
  for (var i = 0u; i < 4u && row + i < p.rows; i++) {
    let to = (row + i) * p.outer + column;
    var value = activate(result[i], p.activation);
    if (p.has_residual != 0u) {
      value += residual[to];
    }
    y[to] = value;
  }
}

@compute @workgroup_size(8, 4)
fn project(@builtin(global_invocation_id) id: vec3u) {
  let column = id.x;
  let row = id.y * 4u;
  let p = project_params;
  if (column >= p.outer || row >= p.rows) {
    return;
  }
  let result = tile(row, column, p.rows, p.inner);
  for (var i = 0u; i < 4u && row + i < p.rows; i++) {
    let b = (row + i) / p.length;
    let slot = b * p.capacity + offset[b] + (row + i) % p.length;
    for (var j = 0u; j < 4u; j++) {
      let n = column * 4u + j;
      if (n < p.width) {
        query[(row + i) * padded(p.width) + n] = result[i][j];
      } else if (n < 3u * p.width) {
        cache[slot * padded(2u * p.width) + n - p.width] = result[i][j];
      }
    }
  }
}
