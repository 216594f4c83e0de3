// The same operation as matmul.wgsl, for GPUs: a workgroup computes a tile of y, such as 64 by 64, and reads x and w through
// workgroup memory, so that an element that was read serves a whole row or column of the tile.
//
// A thread computes QUADS_M by QUADS_N blocks of 4 by 4 in registers. x and w pass by in slices along K. For each slice
//
//   1. a thread loads a block of 4 rows by 4 elements, neighbours along K beside each other, and writes it transposed:
//      a vec4 in workgroup memory has the same element of four rows
//   2. then it loads its block of the next slice, which arrives while all compute
//   3. for each element of the slice it reads QUADS_M + QUADS_N vec4s and adds 16 products for each block
//
// With 2 by 2 blocks a thread reads 64 bytes for 64 products, and 64 threads of 80 registers are a workgroup. Smaller tiles make more
// workgroups. Where that still leaves a GPU half empty, K_TEAMS teams of threads take every K_TEAMS-th slice each, and the
// first one adds up what they have.

const TILE_M = THREADS_M * QUADS_M; // in rows of four
const TILE_N = THREADS_N * QUADS_N; // in vec4s of columns, with their gates
const COLUMNS = TILE_N / HALVES; // of y
const TEAM = THREADS_M * THREADS_N;
const WORKGROUP = K_TEAMS * TEAM;
// Blocks of a slice along K.
const SLICE_BLOCKS = SLICE / 4u;
const BLOCKS_OF_X = TILE_M * SLICE_BLOCKS;
const BLOCKS = BLOCKS_OF_X + TILE_N * SLICE_BLOCKS;
// Of a thread, at most.
const LOADS = (BLOCKS + TEAM - 1u) / TEAM;
// One more than a row has, so that neighbouring rows begin in different banks.
const PITCH_M = TILE_M + 1u;
const PITCH_N = TILE_N + 1u;
// Of a team: a slice of x, then of w.
const TILE_OF_W = SLICE * PITCH_M;
const TILES = TILE_OF_W + SLICE * PITCH_N;

// The tiles of all teams; in the end what half of the teams hand over.
var<workgroup> memory: array<vec4f, max(K_TEAMS * TILES, K_TEAMS / 2u * TEAM * 4u * QUADS_M * QUADS_N)>;

// The blocks of a thread, four vec4s each.
alias Loaded = array<vec4f, 4u * LOADS>;
// Row i of block (m, n) is element 4 (m QUADS_N + n) + i.
alias Sums = array<vec4f, 4u * QUADS_M * QUADS_N>;

// This thread's blocks of a slice. Rows and columns behind the last are the last once more, elements behind K are zero.
fn fetch(group: vec3u, local: u32, slice: u32, p: Params) -> Loaded {
  var loaded: Loaded;
  for (var n = 0u; n < LOADS; n++) {
    let block = local % TEAM + n * TEAM;
    let k = slice * SLICE_BLOCKS + block % SLICE_BLOCKS;
    let at = min(k, p.inner - 1u);
    let inside = select(0.0, 1.0, k < p.inner);
    if (block < BLOCKS_OF_X) {
      let row = 4u * (group.y * TILE_M + block / SLICE_BLOCKS);
      for (var i = 0u; i < 4u; i++) {
        loaded[4u * n + i] = inside * x[min(row + i, p.rows - 1u) * p.inner + at];
      }
    } else if (block < BLOCKS) {
      let place = (block - BLOCKS_OF_X) / SLICE_BLOCKS;
      let column = 4u * min(group.x * COLUMNS + place % COLUMNS, p.count - 1u);
      for (var i = 0u; i < 4u; i++) {
        let row = select(column + i, gate_row(column + i, p.outer_length), place >= COLUMNS);
        loaded[4u * n + i] = inside * weight(weight_row(row, p.inner), at);
      }
    }
  }
  return loaded;
}

// Writes them to the team's part of workgroup memory, transposed.
fn keep(local: u32, given: Loaded) {
  var loaded = given;
  for (var n = 0u; n < LOADS; n++) {
    let block = local % TEAM + n * TEAM;
    if (block >= BLOCKS) {
      continue;
    }
    let a = loaded[4u * n];
    let b = loaded[4u * n + 1u];
    let c = loaded[4u * n + 2u];
    let d = loaded[4u * n + 3u];
    let of_x = block < BLOCKS_OF_X;
    let pitch = select(PITCH_N, PITCH_M, of_x);
    let first = local / TEAM * TILES + select(TILE_OF_W, 0u, of_x) + block % SLICE_BLOCKS * 4u * pitch;
    let to = first + select(block - BLOCKS_OF_X, block, of_x) / SLICE_BLOCKS;
    memory[to] = vec4f(a.x, b.x, c.x, d.x);
    memory[to + pitch] = vec4f(a.y, b.y, c.y, d.y);
    memory[to + 2u * pitch] = vec4f(a.z, b.z, c.z, d.z);
    memory[to + 3u * pitch] = vec4f(a.w, b.w, c.w, d.w);
  }
}

// A tile of x w^T, as much of it as this thread computes; complete in the first team.
fn tile(group: vec3u, local: u32, p: Params) -> Sums {
  let team = local / TEAM;
  let x_at = team * TILES + local % TEAM / THREADS_N;
  let w_at = team * TILES + TILE_OF_W + local % THREADS_N;
  let slices = (p.inner + SLICE_BLOCKS - 1u) / SLICE_BLOCKS;
  var sums = Sums();
  var loaded = fetch(group, local, team, p);
  for (var slice = 0u; slice < slices; slice += K_TEAMS) {
    keep(local, loaded);
    workgroupBarrier();
    if (slice + K_TEAMS < slices) {
      loaded = fetch(group, local, slice + K_TEAMS + team, p);
    }
    for (var k = 0u; k < SLICE; k++) {
      for (var m = 0u; m < QUADS_M; m++) {
        let a = memory[x_at + k * PITCH_M + m * THREADS_M];
        for (var n = 0u; n < QUADS_N; n++) {
          let b = memory[w_at + k * PITCH_N + n * THREADS_N];
          let at = 4u * (m * QUADS_N + n);
          sums[at] += a.x * b;
          sums[at + 1u] += a.y * b;
          sums[at + 2u] += a.z * b;
          sums[at + 3u] += a.w * b;
        }
      }
    }
    workgroupBarrier();
  }
  for (var half = K_TEAMS / 2u; half > 0u; half /= 2u) {
    let pair = (team % half * TEAM + local % TEAM) * 4u * QUADS_M * QUADS_N;
    if (team >= half && team < 2u * half) {
      for (var i = 0u; i < 4u * QUADS_M * QUADS_N; i++) {
        memory[pair + i] = sums[i];
      }
    }
    workgroupBarrier();
    if (team < half) {
      for (var i = 0u; i < 4u * QUADS_M * QUADS_N; i++) {
        sums[i] += memory[pair + i];
      }
    }
    workgroupBarrier();
  }
  return sums;
}

// Where an element of Sums belongs: the row of y, and the column of this part of w in vec4s.
fn place_of(group: vec3u, local: u32, at: u32) -> vec2u {
  let m = local / THREADS_N + at / 4u / QUADS_N * THREADS_M;
  let n = local % THREADS_N + at / 4u % QUADS_N * THREADS_N;
  return vec2u(4u * (group.y * TILE_M + m) + at % 4u, group.x * COLUMNS + n % COLUMNS);
}

@compute @workgroup_size(WORKGROUP)
fn linear(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  var sums = tile(group, local, p);
  for (var at = 0u; at < 4u * QUADS_M * QUADS_N && local < TEAM; at++) {
    let place = place_of(group, local, at);
    if (place.x >= p.rows || place.y >= p.count) {
      continue;
    }
    if (GATED) {
      // The gates of the first half of the columns are the other half.
      if (at / 4u % QUADS_N < QUADS_N / 2u) {
        write_gated(place.x, place.y, sums[at], sums[at + 2u * QUADS_N]);
      }
    } else {
      write_linear(place.x, p.first + place.y, sums[at]);
    }
  }
}

@compute @workgroup_size(WORKGROUP)
fn project(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let p = project_params;
  var sums = tile(group, local, p);
  for (var at = 0u; at < 4u * QUADS_M * QUADS_N && local < TEAM; at++) {
    let place = place_of(group, local, at);
    if (place.x < p.rows && place.y < p.count) {
      write_project(place.x, p.first + place.y, sums[at]);
    }
  }
}
