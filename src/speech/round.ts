/** Python's `round(x, 2)`: the nearest number with two decimals, of two equally near ones the even one. */
export function round2(x: number): number {
  // Only an odd number of eighths lies in the middle between two hundredths.
  if (Number.isInteger(8 * x) && Math.abs(8 * x) % 2 === 1) {
    const below = Math.floor(100 * x);
    return (below % 2 === 0 ? below : below + 1) / 100;
  }
  return Number(x.toFixed(2));
}
