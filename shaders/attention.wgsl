// Scaled dot-product attention, one workgroup for each query position and head:
//
//   y[b, t, h] = softmax(q[b, t, h] . k[b, :, h] * scale + bias) v[b, :, h]
//
// Shapes: attention_common.wgsl.
// Keys beyond causal_from[b] + t, or with mask 0, are left out of the sum: no -infinity, which WGSL lets a driver
// assume away, and a query without keys gets zeros. Keys come in tiles of 64 with a running maximum and sum
// (online softmax, Milakov and Gimelshein 2018), so the length is not limited by workgroup memory.

override WORKGROUP: u32 = 64;

@group(0) @binding(0) var<storage, read> query: array<f32>;
@group(0) @binding(1) var<storage, read> cache: array<f32>;
@group(0) @binding(7) var<storage, read_write> y: array<f32>;

const TILE = 64u;
// A thread owns every WORKGROUP-th element of the head's output; no WORKGROUP is smaller than 16.
const OWNED = MAX_HEAD / 16u;

var<workgroup> q: array<f32, MAX_HEAD>;
var<workgroup> scores: array<f32, TILE>;
var<workgroup> values: array<u32, TILE>; // where in the cache the value of a key begins

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let t = group.x;
  let head = group.y;
  let b = group.z;
  let first = head * p.head_width;
  let row = (b * p.length + t) * padded(p.width) + first;
  let pitch = padded(2u * p.width);
  let keys = visible_keys(b, t);

  for (var c = local; c < p.head_width; c += WORKGROUP) {
    q[c] = query[row + c] * p.scale;
  }
  workgroupBarrier();

  var highest = LEAST;
  var sum = 0.0;
  var owned: array<f32, OWNED>;
  for (var start = first_key(t); start < keys; start += TILE) {
    let count = min(TILE, keys - start);
    // 1. each thread scores its keys
    for (var i = local; i < count; i += WORKGROUP) {
      var score = LEAST;
      if (!masked(b, start + i)) {
        let key = cache_row(b, start + i) * pitch + first;
        values[i] = key + p.width;
        score = 0.0;
        for (var c = 0u; c < p.head_width; c++) {
          score += q[c] * cache[key + c];
        }
        score += position_bias(b, t, start + i, head);
      }
      scores[i] = score;
    }
    workgroupBarrier();
    // 2. the running maximum, the same in every thread
    var now = highest;
    for (var i = 0u; i < count; i++) {
      now = max(now, scores[i]);
    }
    let rescale = exp(max(highest - now, -80.0));
    highest = now;
    sum *= rescale;
    for (var o = 0u; o < OWNED; o++) {
      owned[o] *= rescale;
    }
    // 3. each thread adds up its elements of the values
    for (var i = 0u; i < count; i++) {
      if (scores[i] <= LEAST) {
        continue;
      }
      let weight = exp(max(scores[i] - now, -80.0));
      sum += weight;
      let value = values[i];
      for (var c = local; c < p.head_width; c += WORKGROUP) {
        owned[c / WORKGROUP] += weight * cache[value + c];
      }
    }
    workgroupBarrier();
  }

  for (var c = local; c < p.head_width; c += WORKGROUP) {
    y[row + c] = select(0.0, owned[c / WORKGROUP] / sum, sum > 0.0);
  }
}
