// The softmax inside attention.wgsl, for those who want to look at it: one thread a query position and head.
//
//   y[b, h, t, :] = softmax(q[b, t, h] . k[b, :, h] / sqrt(Dh)), 0 for keys that are masked or in the future
//
// query (B, T, D)   cache (B, C, 2D)   mask (B, C)   causal_from (B)   y (B, H, T, C)

struct Params {
  length: u32, // T
  capacity: u32, // C
  width: u32, // D
  head_width: u32, // Dh
  has_mask: u32,
  causal: u32,
  scale: f32, // 1 / sqrt(Dh)
  heads: u32, // H
}

@group(0) @binding(0) var<storage, read> query: array<f32>;
@group(0) @binding(1) var<storage, read> cache: array<f32>;
@group(0) @binding(2) var<storage, read> mask: array<u32>;
@group(0) @binding(3) var<storage, read> causal_from: array<u32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
@group(0) @binding(5) var<uniform> p: Params;

const LEAST = -3.0e38;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let t = id.x;
  let head = id.y;
  let b = id.z;
  if (t >= p.length) {
    return;
  }
  let first = head * p.head_width;
  let row = (b * p.length + t) * padded(p.width) + first;
  let to = ((b * p.heads + head) * p.length + t) * padded(p.capacity);
  var keys = p.capacity;
  if (p.causal != 0u) {
    keys = min(keys, causal_from[b] + t + 1u);
  }

  // 1. scores and their maximum
  var highest = LEAST;
  for (var key = 0u; key < keys; key++) {
    var score = LEAST;
    if (p.has_mask == 0u || mask[b * p.capacity + key] != 0u) {
      let at = (b * p.capacity + key) * padded(2u * p.width) + first;
      score = 0.0;
      for (var c = 0u; c < p.head_width; c++) {
        score += query[row + c] * p.scale * cache[at + c];
      }
    }
    y[to + key] = score;
    highest = max(highest, score);
  }
  // 2. exponentials and their sum
  var sum = 0.0;
  for (var key = 0u; key < keys; key++) {
    let score = y[to + key];
    let weight = select(exp(max(score - highest, -80.0)), 0.0, score <= LEAST);
    y[to + key] = weight;
    sum += weight;
  }
  // 3. a query without keys keeps zeros
  for (var key = 0u; key < p.capacity; key++) {
    if (key < keys && sum > 0.0) {
      y[to + key] /= sum;
    } else {
      y[to + key] = 0.0;
    }
  }
}
