// The second half of group normalisation in one group:
//
//   y = (x - mean) / sqrt(variance + eps) * gain + bias, with one mean and one variance for all channels and rows of a sound
//
// x, y (B, T, C)   parts (B, parts, 4): see group_norm_parts.wgsl   norm (2, C): gain, then bias
// A thread puts the parts of its sound together (Chan, Golub and LeVeque 1979) and normalises VECTORS vec4s.

override WORKGROUP: u32 = 64;

struct Params {
  length: u32, // vec4s of a sound: T * width
  width: u32, // vec4s of a row
  parts: u32,
  eps: f32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> parts: array<vec4f>;
@group(0) @binding(2) var<storage, read> norm: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(4) var<uniform> p: Params;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let b = group.y;
  var mean = 0.0;
  var square = 0.0;
  var count = 0.0;
  for (var i = 0u; i < p.parts; i++) {
    let part = parts[b * p.parts + i];
    let all = count + part.z;
    if (part.z > 0.0) {
      let distance = part.x - mean;
      square += part.y + distance * distance * (count * part.z / all);
      mean += distance * (part.z / all);
      count = all;
    }
  }
  let scale = inverseSqrt(square / max(count, 1.0) + p.eps);
  let first = group.x * WORKGROUP * VECTORS + local;
  for (var n = 0u; n < VECTORS; n++) {
    let i = first + n * WORKGROUP;
    if (i < p.length) {
      let c = i % p.width;
      let at = b * p.length + i;
      y[at] = (x[at] - mean) * scale * norm[c] + norm[p.width + c];
    }
  }
}
