// The softmax inside attention.wgsl, for those who want to look at it: one thread for each query position and head.
//
//   y[b, h, t, :] = softmax(q[b, t, h] . k[b, :, h] * scale + bias), 0 for keys that are masked or in the future
//
// Shapes: attention_common.wgsl, and y (B, H, T, C).

@group(0) @binding(0) var<storage, read> query: array<f32>;
@group(0) @binding(1) var<storage, read> cache: array<f32>;
@group(0) @binding(7) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(THREADS)
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
  let begin = first_key(t);
  let keys = visible_keys(b, t);

  // 1. scores and their maximum
  var highest = LEAST;
  for (var key = begin; key < keys; key++) {
    var score = LEAST;
    if (!masked(b, key)) {
      let at = cache_row(b, key) * padded(2u * p.width) + first;
      score = 0.0;
      for (var c = 0u; c < p.head_width; c++) {
        score += query[row + c] * p.scale * cache[at + c];
      }
      score += position_bias(b, t, key, head);
    }
    y[to + key] = score;
    highest = max(highest, score);
  }
  // 2. exponentials and their sum
  var sum = 0.0;
  for (var key = begin; key < keys; key++) {
    let score = y[to + key];
    let weight = select(exp(max(score - highest, -80.0)), 0.0, score <= LEAST);
    y[to + key] = weight;
    sum += weight;
  }
  // 3. a query without keys keeps zeros
  for (var key = 0u; key < p.capacity; key++) {
    if (key >= begin && key < keys && sum > 0.0) {
      y[to + key] /= sum;
    } else {
      y[to + key] = 0.0;
    }
  }
}
