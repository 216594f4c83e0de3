/**
 * Moves the columns of packed rows (B, T, 3I), query | key | value, apart: the query to (B, T, I), key and value side by
 * side to rows offset[b] .. offset[b] + T - 1 of the cache (B, C, 2I).
 */

/** @param offset (B) u32, or 0 */
export function split(query: usize, cache: usize, packed: usize, offset: usize, b: i32, t: i32, c: i32, i: i32): void {
  const row = (<usize>i) << 2;
  for (let r = 0; r < b; r++) {
    const first = offset != 0 ? i32.load(offset + ((<usize>r) << 2)) : 0;
    let to = cache + <usize>(r * c + first) * (row << 1);
    for (let j = 0; j < t; j++) {
      memory.copy(query, packed, row);
      memory.copy(to, packed + row, row << 1);
      query += row;
      to += row << 1;
      packed += row * 3;
    }
  }
}
