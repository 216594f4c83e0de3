// The candidates of sampling, and behind them what the rest of the vocabulary weighs, for sample.wgsl. With d = (best - score) /
// temperature, for each part of a row the sums of
//
//   (exp(-d), exp(-d) d)   over the tokens that are no candidates
//
//   x (B, V), rows of vec4   candidates (B, J, 2), best first: bits of the score, id   sampler: see sample.wgsl
//   y (B, J + parts, 2): the candidates, then the bits of the sums
//
// One workgroup for each part; that of the first copies the candidates.

struct Params {
  length: u32, // V
  chunk: u32, // vec4s of a part
  candidates: u32, // J
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> candidates: array<u32>;
@group(0) @binding(2) var<storage, read> sampler_table: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<u32>;
@group(0) @binding(4) var<uniform> p: Params;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let columns = padded(p.length) / 4u;
  let first = 2u * group.y * p.candidates;
  let best = bitcast<f32>(candidates[first]);
  let last = first + 2u * (p.candidates - 1u);
  let least = bitcast<f32>(candidates[last]);
  let last_id = candidates[last + 1u];
  let temperature = bitcast<f32>(sampler_table[SAMPLER_TEMPERATURE]);
  var weight = vec4f();
  var information = vec4f();
  for (var c = group.x * p.chunk + local; c < min(columns, (group.x + 1u) * p.chunk); c += WORKGROUP) {
    let score = x[group.y * columns + c];
    let ids = vec4u(4u * c) + vec4u(0u, 1u, 2u, 3u);
    let behind = (score < vec4f(least)) | ((score == vec4f(least)) & (ids > vec4u(last_id)));
    let counts = behind & (score > vec4f(BANNED)) & (ids < vec4u(p.length));
    let d = min((best - max(score, vec4f(BANNED))) / temperature, vec4f(87.0));
    let w = select(vec4f(), exp(-d), counts);
    weight += w;
    information += w * d;
  }
  let sums = total(vec4f(dot(weight, vec4f(1.0)), dot(information, vec4f(1.0)), 0.0, 0.0), local);
  let to = 2u * group.y * (p.candidates + groups.x);
  if (local == 0u) {
    y[to + 2u * (p.candidates + group.x)] = bitcast<u32>(sums.x);
    y[to + 2u * (p.candidates + group.x) + 1u] = bitcast<u32>(sums.y);
  }
  if (group.x == 0u) {
    for (var i = local; i < 2u * p.candidates; i += WORKGROUP) {
      y[to + i] = candidates[first + i];
    }
  }
}
