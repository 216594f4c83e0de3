// Parameters, bindings and the reading of keys that the attention kernels share. What each of them binds in its own way is
// bindings 0, 1 and 7: the query, the cache and y.
//
// query, y (B, T, I), heads side by side   cache (B / G, C, 2I): key, then value   mask (B / G, C)   causal_from (B)
// bias_table (buckets, H)   buckets (2M + 1)   ancestors (2, C, B)

struct Params {
  length: u32, // T
  capacity: u32, // C
  width: u32, // I
  head_width: u32, // Dh
  heads: u32, // H
  rows: u32, // B
  group: u32, // G
  scale: f32,
  has_mask: u32,
  causal: u32,
  has_bias: u32,
  farthest: u32, // M
  has_ancestors: u32,
  before: u32, // how many keys before its own position a query sees at most
  after: u32, // and after it
}

@group(0) @binding(2) var<storage, read> mask: array<u32>;
@group(0) @binding(3) var<storage, read> causal_from: array<u32>;
@group(0) @binding(4) var<storage, read> bias_table: array<f32>;
@group(0) @binding(5) var<storage, read> buckets: array<u32>;
@group(0) @binding(6) var<storage, read> ancestors: array<u32>;
@group(0) @binding(8) var<uniform> p: Params;

// The end of the keys that query t of row b sees, masked ones among them.
fn visible_keys(b: u32, t: u32) -> u32 {
  if (p.causal == 0u) {
    return min(p.capacity, t + p.after + 1u);
  }
  return min(p.capacity, causal_from[b] + t + 1u);
}

// The first of them.
fn first_key(t: u32) -> u32 {
  return max(t, p.before) - p.before;
}

fn masked(b: u32, key: u32) -> bool {
  return p.has_mask != 0u && mask[b / p.group * p.capacity + key] == 0u;
}

// The row of the cache (B / G * C rows) that holds a key of row b. A beam's past may lie in the rows of other beams.
fn cache_row(b: u32, key: u32) -> u32 {
  if (p.has_ancestors != 0u) {
    let newest = causal_from[b];
    if (key < newest) {
      return ancestors[(newest % 2u * p.capacity + key) * p.rows + b] * p.capacity + key;
    }
  }
  return b / p.group * p.capacity + key;
}

// The relative position bias between query t of row b and a key.
fn position_bias(b: u32, t: u32, key: u32, head: u32) -> f32 {
  if (p.has_bias == 0u) {
    return 0.0;
  }
  let farthest = i32(p.farthest);
  let distance = i32(key) - i32(causal_from[b] * p.causal + t);
  let bucket = buckets[u32(clamp(distance, -farthest, farthest) + farthest)];
  return bias_table[bucket * padded(p.heads) + head];
}
