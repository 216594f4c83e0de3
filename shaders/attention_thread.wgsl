// The same operation as attention.wgsl, for software adapters, where a barrier is a context switch: one thread computes
// one query position and head, alone. Keys come four at a time with a running maximum and sum, so that an element
// of the query that was loaded serves four products, and four values are added to an element of the output at once.
//
// Shapes: attention_common.wgsl.

@group(0) @binding(0) var<storage, read> query: array<f32>;
@group(0) @binding(1) var<storage, read> cache: array<f32>;
@group(0) @binding(7) var<storage, read_write> y: array<f32>;

// Four elements of the cache; a head may begin anywhere and be of any width.
fn cached(at: u32) -> vec4f {
  return vec4f(cache[at], cache[at + 1u], cache[at + 2u], cache[at + 3u]);
}

// Elements c to c + 3 of a head of the query; zeros behind its end, where the cache holds something else.
fn query_part(start: u32, c: u32) -> vec4f {
  let at = start + c;
  let part = vec4f(query[at], query[at + 1u], query[at + 2u], query[at + 3u]);
  return select(vec4f(0.0), part, vec4u(c) + vec4u(0u, 1u, 2u, 3u) < vec4u(p.head_width));
}

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let t = id.x / p.heads;
  let head = id.x % p.heads;
  let b = id.y;
  if (t >= p.length) {
    return;
  }
  let first = head * p.head_width;
  let row = (b * p.length + t) * padded(p.width) + first;
  let pitch = padded(2u * p.width);
  let keys = visible_keys(b, t);

  var highest = LEAST;
  var sum = 0.0;
  var mixed: array<vec4f, MAX_HEAD / 4u>;
  for (var start = first_key(t); start < keys; start += 4u) {
    // 1. four keys: where they lie, which of them are seen, and their scores
    var at = vec4u();
    var seen = vec4<bool>();
    var bias = vec4f();
    for (var i = 0u; i < 4u; i++) {
      let key = min(start + i, keys - 1u);
      at[i] = cache_row(b, key) * pitch + first;
      seen[i] = start + i < keys && !masked(b, key);
      bias[i] = position_bias(b, t, key, head);
    }
    var scores = vec4f();
    for (var c = 0u; c < p.head_width; c += 4u) {
      let q = query_part(row, c);
      scores += vec4f(dot(q, cached(at.x + c)), dot(q, cached(at.y + c)), dot(q, cached(at.z + c)), dot(q, cached(at.w + c)));
    }
    scores = select(vec4f(LEAST), scores * p.scale + bias, seen);
    // 2. the running maximum
    let now = max(highest, max(max(scores.x, scores.y), max(scores.z, scores.w)));
    let rescale = exp(max(highest - now, -80.0));
    highest = now;
    let weights = select(vec4f(0.0), exp(max(scores - now, vec4f(-80.0))), seen);
    sum = sum * rescale + dot(weights, vec4f(1.0));
    // 3. the values, weighted
    at += p.width;
    for (var c = 0u; c < p.head_width; c += 4u) {
      mixed[c / 4u] = mixed[c / 4u] * rescale + weights.x * cached(at.x + c) + weights.y * cached(at.y + c) +
        weights.z * cached(at.z + c) + weights.w * cached(at.w + c);
    }
  }

  for (var c = 0u; c < p.head_width; c++) {
    y[row + c] = select(0.0, mixed[c / 4u][c % 4u] / sum, sum > 0.0);
  }
}
