// Statistics of the rows that a workgroup of matvec_rows.wgsl or matvec_score.wgsl reads, put in front of both. SHARES threads share
// a row: each finds mean and squares of its own part. After a barrier, whoever needs the whole puts the parts together.

// Threads that share a row. Every thread adds up what they found, so there are not too many.
const SHARES = min(32u, WORKGROUP / GROUP_ROWS);
// vec4s that such a thread loads at once.
const LOADS = 4u;

// Of some vec4s of a row: their mean, how many elements, the sum of the squares of their distances from the mean.
struct Share {
  mean: f32,
  count: f32,
  squares: f32,
}

// Of the rows of x, then of those of the operand, or of x after its earlier norm.
const SECOND = GROUP_ROWS * SHARES;
var<workgroup> shares: array<Share, 2u * SECOND>;

// (mean, 1 / standard deviation) of a row of `length` elements, whose shares begin at `at`; 0 for the mean where it is not to be
// subtracted. Distances are taken from the mean of the first share, so nothing cancels where the mean is large.
fn statistics(at: u32, length: u32, centred: bool, eps: f32) -> vec2f {
  let origin = shares[at].mean;
  var away = 0.0;
  var squares = 0.0;
  for (var i = 0u; i < SHARES; i++) {
    let share = shares[at + i];
    let distance = share.mean - origin;
    away += share.count * distance;
    squares += share.squares + share.count * distance * distance;
  }
  away /= f32(length);
  squares /= f32(length);
  if (centred) {
    return vec2f(origin + away, inverseSqrt(max(0.0, squares - away * away) + eps));
  }
  return vec2f(0.0, inverseSqrt(max(0.0, squares + (2.0 * away + origin) * origin) + eps));
}

// A share with LOADS more vec4s, of which those of `there` count.
fn with_more(share: Share, v: array<vec4f, LOADS>, there: array<vec4f, LOADS>) -> Share {
  var values = v;
  var ones = there;
  var sum = 0.0;
  var count = 0.0;
  for (var i = 0u; i < LOADS; i++) {
    sum += dot(values[i], ones[i]);
    count += dot(ones[i], ones[i]);
  }
  let mean = sum / max(count, 1.0);
  var squares = 0.0;
  for (var i = 0u; i < LOADS; i++) {
    let d = (values[i] - mean) * ones[i];
    squares += dot(d, d);
  }
  // Chan, Golub and LeVeque 1983
  let all = max(share.count + count, 1.0);
  let away = mean - share.mean;
  return Share(
    share.mean + away * count / all,
    share.count + count,
    share.squares + squares + away * away * share.count * count / all,
  );
}

// The statistics of row i of the workgroup: of x, or of what its earlier norm leaves of it, see matvec_score.wgsl.
fn statistics_of_x(i: u32, p: Params) -> vec2f {
  return statistics((NORMS - 1u) * SECOND + i * SHARES, p.length, p.rms == 0u, p.eps);
}

fn statistics_of_earlier(i: u32, p: Params) -> vec2f {
  return statistics(i * SHARES, p.length, p.earlier_rms == 0u, p.earlier_eps);
}

// The share of this thread of a row of x. `second`: of what the earlier norm leaves of it, whose statistics are known.
fn note_x(group: vec3u, local: u32, p: Params, second: bool) {
  if (local >= GROUP_ROWS * SHARES) {
    return;
  }
  let first = min(group.y * GROUP_ROWS + local / SHARES, p.rows - 1u) * p.inner;
  var earlier = vec2f();
  if (second) {
    earlier = statistics_of_earlier(local / SHARES, p);
  }
  var share = Share();
  for (var k = local % SHARES; k < p.inner; k += SHARES * LOADS) {
    var v: array<vec4f, LOADS>;
    var there: array<vec4f, LOADS>;
    for (var i = 0u; i < LOADS; i++) {
      let at = min(k + i * SHARES, p.inner - 1u);
      v[i] = x[first + at];
      if (second) {
        v[i] = of_earlier(v[i], at, earlier);
      }
      there[i] = present(k + i * SHARES, p.length);
    }
    share = with_more(share, v, there);
  }
  shares[select(0u, SECOND, second) + local] = share;
}
