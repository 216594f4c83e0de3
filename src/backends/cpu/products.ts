/**
 * Inner products of rows, several at once. A lone sum waits for its last addition before it can go on; several side by
 * side keep the processor busy, and a value that was loaded serves more than one. Each sum still adds its products in
 * the order of k, in float64, so it is that of the plain loop to the bit (test/backends/cpu/products.test.ts).
 */

/** Rows of w that are taken together, and rows of x where there are so many. */
export const COLUMNS = 8;
export const ROWS = 4;

/**
 * sums[i * COLUMNS + j] = x_i . w_j, over rows of `inner` elements.
 *
 * @param xi where in x the first of its rows begins: ROWS of them, or one
 * @param wi where in w the first of `columns` rows begins; sums of those that are not there are not to be read
 */
export function products(
  sums: Float64Array, // (ROWS, COLUMNS)
  x: Float32Array,
  xi: number,
  rows: number,
  w: Float32Array,
  wi: number,
  columns: number,
  inner: number,
): void {
  if (rows === 1) return oneByEight(sums, x, xi, w, wi, columns, inner);
  fourByFour(sums, 0, x, xi, w, wi, columns, inner);
  if (columns > 4) fourByFour(sums, 4, x, xi, w, wi, columns, inner);
}

/** Where row j of w begins; the last one stands in for those that are not there. */
const rowOf = (j: number, wi: number, columns: number, inner: number): number => wi + Math.min(j, columns - 1) * inner;

function oneByEight(
  sums: Float64Array,
  x: Float32Array,
  xi: number,
  w: Float32Array,
  wi: number,
  columns: number,
  inner: number,
): void {
  const w0 = rowOf(0, wi, columns, inner);
  const w1 = rowOf(1, wi, columns, inner);
  const w2 = rowOf(2, wi, columns, inner);
  const w3 = rowOf(3, wi, columns, inner);
  const w4 = rowOf(4, wi, columns, inner);
  const w5 = rowOf(5, wi, columns, inner);
  const w6 = rowOf(6, wi, columns, inner);
  const w7 = rowOf(7, wi, columns, inner);
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let s4 = 0;
  let s5 = 0;
  let s6 = 0;
  let s7 = 0;
  for (let k = 0; k < inner; k++) {
    const v = x[xi + k];
    s0 += v * w[w0 + k];
    s1 += v * w[w1 + k];
    s2 += v * w[w2 + k];
    s3 += v * w[w3 + k];
    s4 += v * w[w4 + k];
    s5 += v * w[w5 + k];
    s6 += v * w[w6 + k];
    s7 += v * w[w7 + k];
  }
  sums[0] = s0;
  sums[1] = s1;
  sums[2] = s2;
  sums[3] = s3;
  sums[4] = s4;
  sums[5] = s5;
  sums[6] = s6;
  sums[7] = s7;
}

/** Columns `from` to `from` + 3. */
function fourByFour(
  sums: Float64Array,
  from: number,
  x: Float32Array,
  xi: number,
  w: Float32Array,
  wi: number,
  columns: number,
  inner: number,
): void {
  const w0 = rowOf(from + 0, wi, columns, inner);
  const w1 = rowOf(from + 1, wi, columns, inner);
  const w2 = rowOf(from + 2, wi, columns, inner);
  const w3 = rowOf(from + 3, wi, columns, inner);
  const x1 = xi + 1 * inner;
  const x2 = xi + 2 * inner;
  const x3 = xi + 3 * inner;
  let a0 = 0;
  let a1 = 0;
  let a2 = 0;
  let a3 = 0;
  let b0 = 0;
  let b1 = 0;
  let b2 = 0;
  let b3 = 0;
  let c0 = 0;
  let c1 = 0;
  let c2 = 0;
  let c3 = 0;
  let d0 = 0;
  let d1 = 0;
  let d2 = 0;
  let d3 = 0;
  for (let k = 0; k < inner; k++) {
    const v0 = w[w0 + k];
    const v1 = w[w1 + k];
    const v2 = w[w2 + k];
    const v3 = w[w3 + k];
    const a = x[xi + k];
    a0 += a * v0;
    a1 += a * v1;
    a2 += a * v2;
    a3 += a * v3;
    const b = x[x1 + k];
    b0 += b * v0;
    b1 += b * v1;
    b2 += b * v2;
    b3 += b * v3;
    const c = x[x2 + k];
    c0 += c * v0;
    c1 += c * v1;
    c2 += c * v2;
    c3 += c * v3;
    const d = x[x3 + k];
    d0 += d * v0;
    d1 += d * v1;
    d2 += d * v2;
    d3 += d * v3;
  }
  let to = from;
  sums[to] = a0;
  sums[to + 1] = a1;
  sums[to + 2] = a2;
  sums[to + 3] = a3;
  to += COLUMNS;
  sums[to] = b0;
  sums[to + 1] = b1;
  sums[to + 2] = b2;
  sums[to + 3] = b3;
  to += COLUMNS;
  sums[to] = c0;
  sums[to + 1] = c1;
  sums[to + 2] = c2;
  sums[to + 3] = c3;
  to += COLUMNS;
  sums[to] = d0;
  sums[to + 1] = d1;
  sums[to + 2] = d2;
  sums[to + 3] = d3;
}
