/** Position tables, computed in double precision: WGSL's sin and cos promise only 2^-11. */

/**
 * Section 3.5 of the paper: sin(p / 10000^(2i / D)) in column 2i, cos of the same in column 2i + 1.
 * @returns (length, width), row by row
 */
export function sinusoidalPositions(length: number, width: number): Float32Array {
  const table = new Float32Array(length * width);
  for (let p = 0; p < length; p++) {
    for (let c = 0; c < width; c += 2) {
      const angle = p * Math.exp(-c * (Math.log(10000) / width));
      table[p * width + c] = Math.sin(angle);
      table[p * width + c + 1] = Math.cos(angle);
    }
  }
  return table;
}
