/** The keys that a query sees: where they are in the cache, and at which positions. */

/**
 * Lists the keys that a row of the batch sees, up to `last`: their positions and where their rows of the cache lie.
 * The key and value at a position before the newest may lie in another row, see `ancestors` in src/ops/attention.ts.
 */
export function listKeys(
  positions: usize,
  places: usize,
  last: i32,
  mask: usize,
  cache: usize,
  cacheRow: i32,
  c: i32,
  rowBytes: usize,
  ancestors: usize,
  newest: i32,
  row: i32,
  b: i32,
): i32 {
  let n = 0;
  const table = ancestors + ((<usize>((newest & 1) * c * b + row)) << 2);
  for (let key = 0; key <= last; key++) {
    if (mask != 0 && i32.load(mask + ((<usize>key) << 2)) == 0) continue;
    const from = ancestors != 0 && key < newest ? i32.load(table + ((<usize>(key * b)) << 2)) : cacheRow;
    i32.store(positions + ((<usize>n) << 2), key);
    store<usize>(places + <usize>n * sizeof<usize>(), cache + <usize>(from * c + key) * rowBytes);
    n++;
  }
  return n;
}

/** Where entry j of a list of places points. */
export function place(places: usize, j: i32): usize {
  return load<usize>(places + <usize>j * sizeof<usize>());
}

/** Copies one head's keys to `to` and its values behind them, and lists where. */
export function copyHead(
  to: usize,
  copied: usize,
  places: usize,
  n: i32,
  key: usize,
  value: usize,
  width: usize,
): void {
  let values = to + <usize>n * width;
  for (let j = 0; j < n; j++) {
    const from = place(places, j);
    memory.copy(to, from + key, width);
    memory.copy(values, from + value, width);
    store<usize>(copied + <usize>j * sizeof<usize>(), to);
    to += width;
    values += width;
  }
}

/** How many entries of the list are at or before a position. */
export function countUpTo(positions: usize, n: i32, all: i32, position: i32): i32 {
  while (n < all && i32.load(positions + ((<usize>n) << 2)) <= position) n++;
  return n;
}
