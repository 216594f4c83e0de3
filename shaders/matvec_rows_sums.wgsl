// The sums of matvec_rows.wgsl and matvec_score.wgsl, put in front of both: norm(x) w^T, of which each lane of a team has a part.
// lanes_levels.wgsl or lanes_subgroups.wgsl adds the parts up.

const TEAMS = COLUMN_TEAMS * ROW_TEAMS;
const WORKGROUP = TEAMS * LANES;
const GROUP_ROWS = ROW_TEAMS * ROWS;
const COLUMNS = QUADS / HALVES; // of y, of a team, in vec4s
const GROUP_COLUMNS = COLUMN_TEAMS * COLUMNS;
// vec4s that a thread adds up: ROWS of the first vec4 of columns, then of the next
const SLOTS = ROWS * QUADS;
const OUTPUTS = TEAMS * SLOTS;

// Where a thread is, and which results are its own.
struct Place {
  lane: u32,
  first_row: u32,
  first_column: u32, // of this part of w, in vec4s
}

fn place_of(group: vec3u, local: u32) -> Place {
  let team = local / LANES;
  return Place(
    local % LANES,
    group.y * GROUP_ROWS + team / COLUMN_TEAMS * ROWS,
    group.x * GROUP_COLUMNS + team % COLUMN_TEAMS * COLUMNS,
  );
}

// sum + v times four rows of w, of which a, b, c and d are the same four elements
fn added(sum: vec4f, v: vec4f, a: vec4f, b: vec4f, c: vec4f, d: vec4f) -> vec4f {
  return sum + v.x * vec4f(a.x, b.x, c.x, d.x) + v.y * vec4f(a.y, b.y, c.y, d.y) + v.z * vec4f(a.z, b.z, c.z, d.z) +
    v.w * vec4f(a.w, b.w, c.w, d.w);
}

// Adds up norm(x) w^T. `output_sum` gives the results. Called from uniform control flow only, after a barrier.
fn add_up(group: vec3u, local: u32, p: Params) {
  let at = place_of(group, local);
  var first: array<u32, ROWS>;
  var of_x: array<vec2f, ROWS>;
  var earlier: array<vec2f, ROWS>;
  for (var r = 0u; r < ROWS; r++) {
    // Behind the last row it is the last once more, whose result is not written.
    first[r] = min(at.first_row + r, p.rows - 1u) * p.inner;
    of_x[r] = vec2f(0.0, 1.0);
    if (p.normed != 0u) {
      of_x[r] = statistics_of_x(at.first_row % GROUP_ROWS + r, p);
    }
    if (NORMS == 2u) {
      earlier[r] = statistics_of_earlier(at.first_row % GROUP_ROWS + r, p);
    }
  }
  var start: array<u32, 4u * QUADS>;
  for (var i = 0u; i < 4u * QUADS; i++) {
    let column = min(at.first_column + i / 4u % COLUMNS, p.count - 1u) * 4u + i % 4u;
    start[i] = weight_row(select(column, gate_row(column, p.outer_length), i / 4u >= COLUMNS), p.inner);
  }

  // A team without rows has nothing to do
  let end = select(0u, p.inner, at.first_row < p.rows);
  let last = p.inner - 1u;
  // The zeros are written out: without them SwiftShader keeps what was there before.
  var sum = array<vec4f, SLOTS>();
  for (var c = at.lane; c * CHUNK < end; c += LANES * UNROLL) {
    var raw: array<Chunk, UNROLL * 4u * QUADS>;
    for (var i = 0u; i < UNROLL * 4u * QUADS; i++) {
      raw[i] = chunk(start[i % (4u * QUADS)], min(c + i / (4u * QUADS) * LANES, last / CHUNK));
    }
    var partial = array<vec4f, SLOTS>();
    for (var u = 0u; u < UNROLL; u++) {
      for (var j = 0u; j < CHUNK; j++) {
        let place = (c + u * LANES) * CHUNK + j;
        let k = min(place, last);
        let inside = select(0.0, 1.0, place <= last);
        // Where there is no norm, this reads something, and nothing is done with it: a branch would keep loads apart.
        let gain = norm[k];
        let shift = norm[p.inner + k];
        var v: array<vec4f, ROWS>;
        for (var r = 0u; r < ROWS; r++) {
          v[r] = of_earlier(x[first[r] + k], k, earlier[r]);
        }
        for (var r = 0u; r < ROWS; r++) {
          let normed = (v[r] - of_x[r].x) * of_x[r].y * gain + shift;
          v[r] = inside * select(v[r], normed, p.normed != 0u);
        }
        for (var q = 0u; q < QUADS; q++) {
          let four = (u * QUADS + q) * 4u;
          let w0 = chunk_part(raw[four], j);
          let w1 = chunk_part(raw[four + 1u], j);
          let w2 = chunk_part(raw[four + 2u], j);
          let w3 = chunk_part(raw[four + 3u], j);
          for (var r = 0u; r < ROWS; r++) {
            let slot = q * ROWS + r;
            if (SCALED) {
              partial[slot] = added(partial[slot], v[r], w0, w1, w2, w3);
            } else {
              sum[slot] = added(sum[slot], v[r], w0, w1, w2, w3);
            }
          }
        }
      }
    }
    if (SCALED) {
      for (var q = 0u; q < QUADS; q++) {
        let scale = vec4f(
          chunk_scale(start[4u * q], c),
          chunk_scale(start[4u * q + 1u], c),
          chunk_scale(start[4u * q + 2u], c),
          chunk_scale(start[4u * q + 3u], c),
        );
        for (var r = 0u; r < ROWS; r++) {
          sum[q * ROWS + r] += scale * partial[q * ROWS + r];
        }
      }
    }
  }
  share_sums(sum, local);
}

// Row within the group, and column of this part of w in vec4s, of an output.
fn row_of(output: u32) -> u32 {
  return output / SLOTS / COLUMN_TEAMS * ROWS + output % ROWS;
}

fn column_of(group: vec3u, output: u32) -> u32 {
  return group.x * GROUP_COLUMNS + output / SLOTS % COLUMN_TEAMS * COLUMNS + output % SLOTS / ROWS % COLUMNS;
}
