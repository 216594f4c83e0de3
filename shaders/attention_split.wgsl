// The same operation as attention.wgsl, for few queries, as while decoding. A workgroup computes up to QUERIES queries of one head
// that share their keys: those of the beams of a sentence, or of the positions of a row. It reads keys and values once for all
// of them, in vec4s. Where there are many keys and few workgroups, several workgroups divide the keys among them; each writes its
// sums, and attention_merge.wgsl puts them together.
//
// Shapes: attention_common.wgsl. The width of a head is a multiple of four, at most MAX_HEAD.
//
// A tile of WORKGROUP keys takes four phases, of which the second has one barrier or two and the third one:
//
//   1. a thread scores one key for all queries
//   2. all threads find the maximum of each query, see reduce_levels.wgsl and reduce_subgroups.wgsl
//   3. the running maximum of each query; a thread's scores become their exponentials, once
//   4. threads side by side along the columns of the values, the rest of them along the keys, add up weighted values
//
// Loads stand together, AT_ONCE of them, so that a thread does not wait for each by itself.
//
// At most four queries, so that their scores are a vec4. The maximum and the sum of exponentials run along (online softmax, Milakov and Gimelshein 2018).

const KEYS = WORKGROUP; // of a tile
const COLUMNS = MAX_HEAD / 4u;
const AT_ONCE = 8u;

@group(0) @binding(0) var<storage, read> query: array<vec4f>;
@group(0) @binding(1) var<storage, read> cache: array<vec4f>;
// y, or where several workgroups divide the keys: for each query, head and workgroup the sums of the values, then
// (maximum, sum of exponentials, 0, 0), as vec4s
@group(0) @binding(7) var<storage, read_write> y: array<vec4f>;

// The queries; in the end the sums of all threads.
var<workgroup> queries: array<vec4f, QUERIES * max(COLUMNS, WORKGROUP)>;
var<workgroup> weights: array<f32, QUERIES * KEYS>;
// Where in the cache the value of a key begins: of this tile and of the one before, which may still be read.
var<workgroup> values: array<u32, 2u * KEYS>;

// A query: row and position.
struct Query {
  b: u32,
  t: u32,
}

// Query m of the workgroups at z. Behind the last it is the last once more, whose result is not written.
fn query_of(z: u32, m: u32) -> Query {
  // With ancestors each row has keys of its own.
  let sharing = select(p.group, 1u, p.has_ancestors != 0u);
  let together = sharing * p.length;
  let groups = (together + QUERIES - 1u) / QUERIES;
  let i = min(z % groups * QUERIES + m, together - 1u);
  return Query(z / groups * sharing + i / p.length, i % p.length);
}

fn is_own(z: u32, m: u32) -> bool {
  let together = select(p.group, 1u, p.has_ancestors != 0u) * p.length;
  return z % ((together + QUERIES - 1u) / QUERIES) * QUERIES + m < together;
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) local: u32,
) {
  let head = group.y;
  let columns = p.head_width / 4u;
  let first = head * columns;
  let row_pitch = padded(p.width) / 4u;
  let cache_pitch = padded(2u * p.width) / 4u;
  // Threads with the same column, who divide the keys among them; some may be left over.
  let teams = WORKGROUP / columns;
  let team = local / columns;
  let column = local % columns;

  // Zeros behind the end of a head, so that keys can be read AT_ONCE.
  let filled = (columns + AT_ONCE - 1u) / AT_ONCE * AT_ONCE;
  for (var i = local; i < QUERIES * filled; i += WORKGROUP) {
    let c = i % filled;
    let one = query_of(group.z, i / filled);
    let q = query[(one.b * p.length + one.t) * row_pitch + first + min(c, columns - 1u)];
    queries[i / filled * COLUMNS + c] = select(vec4f(0.0), q * p.scale, c < columns);
  }
  var visible: array<u32, QUERIES>;
  var farthest = 0u;
  for (var m = 0u; m < QUERIES; m++) {
    let one = query_of(group.z, m);
    visible[m] = visible_keys(one.b, one.t);
    farthest = max(farthest, visible[m]);
  }
  // This workgroup's keys.
  let share = (p.capacity + KEYS * groups.x - 1u) / (KEYS * groups.x) * KEYS;
  let begin = group.x * share;
  let end = min(begin + share, farthest);
  let b = query_of(group.z, 0u).b;
  workgroupBarrier();

  var running: array<f32, QUERIES>;
  for (var m = 0u; m < QUERIES; m++) {
    running[m] = LEAST;
  }
  var sum = array<f32, QUERIES>();
  var mixed = array<vec4f, QUERIES>();
  for (var start = begin; start < end; start += KEYS) {
    let tile = start / KEYS % 2u * KEYS;
    // 1. the scores of a key
    let key = start + local;
    let at = cache_row(b, min(key, end - 1u)) * cache_pitch + first;
    values[tile + local] = at + p.width / 4u;
    var score = array<f32, QUERIES>();
    for (var c = 0u; c < columns; c += AT_ONCE) {
      var k: array<vec4f, AT_ONCE>;
      for (var i = 0u; i < AT_ONCE; i++) {
        k[i] = cache[at + min(c + i, columns - 1u)];
      }
      for (var i = 0u; i < AT_ONCE; i++) {
        for (var m = 0u; m < QUERIES; m++) {
          score[m] += dot(queries[m * COLUMNS + c + i], k[i]);
        }
      }
    }
    var most = vec4f(LEAST);
    let seen = key < end && !masked(b, min(key, end - 1u));
    for (var m = 0u; m < QUERIES; m++) {
      let one = query_of(group.z, m);
      if (seen && key >= first_key(one.t) && key < visible[m]) {
        score[m] += position_bias(one.b, one.t, key, head);
      } else {
        score[m] = LEAST;
      }
      most[m] = score[m];
    }
    // 2. the maxima
    most = highest(most, local);
    // 3. the maxima so far, and the exponentials
    for (var m = 0u; m < QUERIES; m++) {
      let now = max(running[m], most[m]);
      let rescale = exp(max(running[m] - now, -80.0));
      running[m] = now;
      sum[m] *= rescale;
      mixed[m] *= rescale;
      weights[m * KEYS + local] = select(exp(max(score[m] - now, -80.0)), 0.0, score[m] <= LEAST);
    }
    workgroupBarrier();
    // 4. the values
    if (team < teams) {
      for (var i = team; i < min(KEYS, end - start); i += teams * AT_ONCE) {
        var v: array<vec4f, AT_ONCE>;
        for (var n = 0u; n < AT_ONCE; n++) {
          v[n] = cache[values[tile + min(i + n * teams, KEYS - 1u)] + column];
        }
        for (var n = 0u; n < AT_ONCE; n++) {
          let key = i + n * teams;
          for (var m = 0u; m < QUERIES; m++) {
            let weight = select(weights[m * KEYS + min(key, KEYS - 1u)], 0.0, key >= KEYS);
            sum[m] += weight;
            mixed[m] += weight * v[n];
          }
        }
      }
    }
  }

  // The sums of all teams.
  var sums = vec4f();
  for (var m = 0u; m < QUERIES; m++) {
    queries[m * WORKGROUP + local] = mixed[m];
    sums[m] = sum[m];
  }
  keep_share(sums, local);
  for (var m = 0u; m < QUERIES; m++) {
    if (!is_own(group.z, m) || local >= columns) {
      continue;
    }
    var output = vec4f();
    var total = 0.0;
    for (var i = 0u; i < teams; i++) {
      output += queries[m * WORKGROUP + i * columns + local];
      total += shares[side + i * columns + local][m];
    }
    let one = query_of(group.z, m);
    let row = one.b * p.length + one.t;
    if (groups.x == 1u) {
      y[row * row_pitch + first + local] = select(vec4f(0.0), output / total, total > 0.0);
    } else {
      let to = ((row * p.heads + head) * groups.x + group.x) * (columns + 1u);
      y[to + local] = output;
      if (local == 0u) {
        y[to + columns] = vec4f(running[m], total, 0.0, 0.0);
      }
    }
  }
}
