// The same operation as attention.wgsl, for many queries: one workgroup computes QUERIES query positions of one head, so that
// a key or value that was read serves all of them. A whole encoder of 1,500 positions reads its keys 47 times instead of 1,500.
//
// Shapes: attention_common.wgsl. The width of a head is a multiple of four, at most WIDEST = 4 * COLUMNS.
//
// LANES = 4 threads share a query, or two (PER_THREAD). Keys come in tiles of KEYS, and a tile takes four phases:
//
//   1. all threads copy the keys of the tile to workgroup memory, neighbours next to each other
//   2. a thread scores every LANES-th key of the tile for its queries
//   3. the running maximum of a query follows from the maxima of its lanes; each score becomes its exponential, once;
//      the values of the tile take the place of its keys
//   4. a thread adds every LANES-th vec4 of the values to the output of its queries
//
// A thread loads what it copies next before it computes, all of it at once: values before phase 2, the next keys before phase 4.
//
// The maximum and the sum of exponentials run along (online softmax, Milakov and Gimelshein 2018).

const LANES = 4u;
const TEAMS = WORKGROUP / LANES; // threads that do not share queries
const QUERIES = TEAMS * PER_THREAD;
const SCORES = KEYS / LANES; // of a thread and query
const OWNED = COLUMNS / LANES; // vec4s of the output of a thread and query
// One more than a row has: neighbouring rows begin in different banks.
const PITCH = COLUMNS + 1u;

@group(0) @binding(0) var<storage, read> query: array<vec4f>;
@group(0) @binding(1) var<storage, read> cache: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> y: array<vec4f>;

var<workgroup> queries: array<vec4f, QUERIES * PITCH>;
var<workgroup> tile: array<vec4f, KEYS * PITCH>; // keys, then values
var<workgroup> weights: array<f32, QUERIES * KEYS>;
var<workgroup> maxima: array<f32, QUERIES * LANES>;

// A thread's share of a tile.
alias Loaded = array<vec4f, KEYS * COLUMNS / WORKGROUP>;

// Loads a part of the cache's rows of a tile: the keys, or the values `shift` behind them. Behind the last there is something.
fn fetch(b: u32, start: u32, keys: u32, first: u32, shift: u32, local: u32) -> Loaded {
  let columns = p.head_width / 4u;
  let pitch = padded(2u * p.width) / 4u;
  var loaded: Loaded;
  for (var n = 0u; n < KEYS * COLUMNS / WORKGROUP; n++) {
    let i = local + n * WORKGROUP;
    let key = min(start + i / columns, keys - 1u);
    loaded[n] = cache[cache_row(b, key) * pitch + first + shift + i % columns];
  }
  return loaded;
}

// Copies it to workgroup memory.
fn keep(given: Loaded, local: u32) {
  let columns = p.head_width / 4u;
  var loaded = given;
  for (var n = 0u; n < KEYS * COLUMNS / WORKGROUP; n++) {
    let i = local + n * WORKGROUP;
    if (i < KEYS * columns) {
      tile[i / columns * PITCH + i % columns] = loaded[n];
    }
  }
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let head = group.y;
  let b = group.z;
  let first_query = group.x * QUERIES;
  let team = local / LANES;
  let lane = local % LANES;
  let columns = p.head_width / 4u;
  let first = head * columns;
  let row_pitch = padded(p.width) / 4u;
  // As many keys as the last query sees.
  let last_query = min(first_query + QUERIES, p.length) - 1u;
  let keys = visible_keys(b, last_query);

  for (var i = local; i < QUERIES * columns; i += WORKGROUP) {
    let t = min(first_query + i / columns, p.length - 1u);
    queries[i / columns * PITCH + i % columns] = query[(b * p.length + t) * row_pitch + first + i % columns] * p.scale;
  }

  var highest: array<f32, PER_THREAD>;
  var sum: array<f32, PER_THREAD>;
  var owned: array<array<vec4f, OWNED>, PER_THREAD>;
  for (var n = 0u; n < PER_THREAD; n++) {
    highest[n] = LEAST;
  }

  let shift = p.width / 4u;
  // The first key that the first query sees.
  let begin = first_key(first_query);
  var of_keys = fetch(b, begin, keys, first, 0u, local);
  for (var start = begin; start < keys; start += KEYS) {
    keep(of_keys, local);
    workgroupBarrier();
    let of_values = fetch(b, start, keys, first, shift, local);

    // The zeros are written out: without them SwiftShader keeps the sums of the tile before.
    var scores = array<array<f32, SCORES>, PER_THREAD>();
    for (var c = 0u; c < columns; c++) {
      for (var i = 0u; i < SCORES; i++) {
        let k = tile[(lane + LANES * i) * PITCH + c];
        for (var n = 0u; n < PER_THREAD; n++) {
          scores[n][i] += dot(queries[(team + TEAMS * n) * PITCH + c], k);
        }
      }
    }
    for (var n = 0u; n < PER_THREAD; n++) {
      let t = min(first_query + team + TEAMS * n, last_query);
      let seen = visible_keys(b, t);
      var best = LEAST;
      for (var i = 0u; i < SCORES; i++) {
        let key = start + lane + LANES * i;
        if (key >= first_key(t) && key < seen && !masked(b, key)) {
          scores[n][i] += position_bias(b, t, key, head);
          best = max(best, scores[n][i]);
        } else {
          scores[n][i] = LEAST;
        }
      }
      maxima[(team + TEAMS * n) * LANES + lane] = best;
    }
    workgroupBarrier();

    keep(of_values, local);
    for (var n = 0u; n < PER_THREAD; n++) {
      let at = team + TEAMS * n;
      var now = highest[n];
      for (var i = 0u; i < LANES; i++) {
        now = max(now, maxima[at * LANES + i]);
      }
      for (var i = 0u; i < SCORES; i++) {
        let weight = exp(max(scores[n][i] - now, -80.0));
        weights[at * KEYS + lane + LANES * i] = select(weight, 0.0, scores[n][i] <= LEAST);
      }
      let rescale = exp(max(highest[n] - now, -80.0));
      highest[n] = now;
      sum[n] *= rescale;
      for (var o = 0u; o < OWNED; o++) {
        owned[n][o] *= rescale;
      }
    }
    workgroupBarrier();

    if (start + KEYS < keys) {
      of_keys = fetch(b, start + KEYS, keys, first, 0u, local);
    }
    for (var key = 0u; key < min(KEYS, keys - start); key++) {
      var weight: array<f32, PER_THREAD>;
      for (var n = 0u; n < PER_THREAD; n++) {
        weight[n] = weights[(team + TEAMS * n) * KEYS + key];
        sum[n] += weight[n];
      }
      for (var o = 0u; o < OWNED; o++) {
        let value = tile[key * PITCH + min(lane + LANES * o, columns - 1u)];
        for (var n = 0u; n < PER_THREAD; n++) {
          owned[n][o] += weight[n] * value;
        }
      }
    }
    workgroupBarrier();
  }

  for (var n = 0u; n < PER_THREAD; n++) {
    let t = first_query + team + TEAMS * n;
    for (var c = lane; c < columns && t < p.length; c += LANES) {
      y[(b * p.length + t) * row_pitch + first + c] = select(vec4f(0.0), owned[n][c / LANES] / sum[n], sum[n] > 0.0);
    }
  }
}
