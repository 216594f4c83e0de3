// Rotary positions where heads have an odd width, so that a pair may lie in two vec4s of a product: queries and keys that
// project_common.wgsl has written are turned in place.
//
//   (x, y) -> (x cos - y sin, y cos + x sin), for the pairs (2i, 2i + 1) of the first `turned` elements of a head
//
// query (B, T, I)   cache (B, C, 2I): key, then value   offset (B)   angles (P, turned): cosine and sine of each pair
// One thread turns one pair of the query and the same pair of the key.

struct Params {
  rows: u32, // R = B * T
  time: u32, // T
  capacity: u32, // C
  width: u32, // I
  head_width: u32, // Dh
  turned: u32,
}

@group(0) @binding(0) var<storage, read> offset: array<u32>;
@group(0) @binding(1) var<storage, read> angles: array<f32>;
@group(0) @binding(2) var<storage, read_write> cache: array<f32>;
@group(0) @binding(3) var<storage, read_write> query: array<f32>;
@group(0) @binding(4) var<uniform> p: Params;

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let pairs = p.turned / 2u;
  let heads = p.width / p.head_width;
  let row = id.z * groups.y + id.y;
  if (row >= p.rows || id.x >= heads * pairs) {
    return;
  }
  let c = 2u * (id.x % pairs);
  let column = id.x / pairs * p.head_width + c;
  let b = row / p.time;
  let position = offset[b] + row % p.time;
  let at = position * padded(p.turned) + c;
  let angle = vec2f(angles[at], angles[at + 1u]);
  let q = row * padded(p.width) + column;
  let k = (b * p.capacity + position) * padded(2u * p.width) + column;
  let asked = vec2f(query[q], query[q + 1u]);
  let key = vec2f(cache[k], cache[k + 1u]);
  query[q] = asked.x * angle.x - asked.y * angle.y;
  query[q + 1u] = asked.y * angle.x + asked.x * angle.y;
  cache[k] = key.x * angle.x - key.y * angle.y;
  cache[k + 1u] = key.y * angle.x + key.x * angle.y;
}
