// The second step of a projection to query, key and value with rotary positions where heads have an odd width: a pair that is turned lies
// in two vec4s of columns. A product has written x; project_common.wgsl does all of this in the product itself, for every other model.
//
// x (R, 3I)   query (B, T, I)   cache (B, C, 2I): key, then value   offset (B)   angles (P, turned): cosine and sine of each pair
// One thread for each element of x.

struct Params {
  rows: u32, // R = B * T
  time: u32, // T
  capacity: u32, // C
  width: u32, // I
  head_width: u32, // Dh
  turned: u32, // how many elements of a head are turned
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> offset: array<u32>;
@group(0) @binding(2) var<storage, read> angles: array<f32>;
@group(0) @binding(3) var<storage, read_write> cache: array<f32>;
@group(0) @binding(4) var<storage, read_write> query: array<f32>;
@group(0) @binding(5) var<uniform> p: Params;

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let n = id.x;
  let row = id.z * groups.y + id.y;
  if (row >= p.rows || n >= 3u * p.width) {
    return;
  }
  let b = row / p.time;
  let position = offset[b] + row % p.time;
  let first = row * padded(3u * p.width);
  var value = x[first + n];
  let c = n % p.head_width;
  if (n < 2u * p.width && c < p.turned) {
    // (x, y) -> (x cos - y sin, y cos + x sin)
    let at = position * padded(p.turned) + c / 2u * 2u;
    let other = x[first + n - c + (c ^ 1u)];
    value = value * angles[at] + other * select(angles[at + 1u], -angles[at + 1u], c % 2u == 0u);
  }
  if (n < p.width) {
    query[row * padded(p.width) + n] = value;
  } else {
    cache[(b * p.capacity + position) * padded(2u * p.width) + n - p.width] = value;
  }
}
