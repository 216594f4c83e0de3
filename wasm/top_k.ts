/**
 * The k largest of a row, largest first, of equals the lowest index first: (k, 2) u32, bits of the value and its index.
 *
 * A list of k entries stays sorted; four values at a time are compared with its last one, and few rows hold more than a
 * handful that get in. Scores of a search may be "banned", see src/util/scores.ts.
 */

const LEAST: f32 = -3e38;

/** Takes value number `index` into the list of `kept` of at most k entries, and returns how many there are now. */
function insert(list: usize, kept: i32, k: i32, value: f32, index: i32): i32 {
  if (kept == k && !(value > f32.load(list + ((<usize>(k - 1)) << 3)))) return kept;
  let at = kept < k ? kept : k - 1;
  const now = kept < k ? kept + 1 : k;
  for (; at > 0; at--) {
    const before = list + ((<usize>(at - 1)) << 3);
    if (f32.load(before) >= value) break;
    i64.store(before + 8, i64.load(before));
  }
  f32.store(list + ((<usize>at) << 3), value);
  i32.store(list + ((<usize>at) << 3), index, 4);
  return now;
}

/**
 * Goes on with a list: takes the values x[i] + plus, of index `first` + i. Where x[i] <= floor the value is LEAST.
 * Returns how many entries the list holds now.
 */
function take(list: usize, kept: i32, k: i32, x: usize, n: i32, plus: f32, floor: f32, first: i32): i32 {
  const added = f32x4.splat(plus);
  let i = 0;
  // While the list is not full everything gets in.
  while (i < n) {
    if (kept == k && i + 4 <= n) {
      const last = f32x4.splat(f32.load(list + ((<usize>(k - 1)) << 3)));
      // Banned or not: what is not larger than the last one as it is, is not larger as LEAST either.
      while (i + 4 <= n && !v128.any_true(f32x4.gt(f32x4.add(v128.load(x + ((<usize>i) << 2)), added), last))) i += 4;
      if (i >= n) break;
    }
    const end = min(n, i + 4);
    for (; i < end; i++) {
      const v = f32.load(x + ((<usize>i) << 2));
      kept = insert(list, kept, k, v <= floor ? LEAST : v + plus, first + i);
    }
  }
  return kept;
}

/** out (R, k, 2): the k largest of each row of x (R, N). */
export function topK(out: usize, x: usize, rows: i32, n: i32, k: i32): void {
  for (; rows > 0; rows--) {
    // Adding -0 leaves every value as it is.
    take(out, 0, k, x, n, -0.0, LEAST, 0);
    out += (<usize>k) << 3;
    x += (<usize>n) << 2;
  }
}

const BANNED: f32 = -1e38;

/**
 * out (B / G, k, 2): the k largest of the G = `beams` rows of a sentence, an item of logprobs (B, N), each plus its row's running
 * score; the index is beam * N + token. What is banned, by either, is LEAST.
 *
 * @param running where the first row's running score lies; the next row's is `step` bytes further
 */
export function candidates(
  out: usize,
  x: usize,
  running: usize,
  step: usize,
  items: i32,
  beams: i32,
  n: i32,
  k: i32,
): void {
  for (; items > 0; items--) {
    let kept = 0;
    for (let beam = 0; beam < beams; beam++) {
      const score = f32.load(running);
      kept = take(out, kept, k, x, n, score, score <= BANNED ? Infinity : BANNED, beam * n);
      running += step;
      x += (<usize>n) << 2;
    }
    out += (<usize>k) << 3;
  }
}
