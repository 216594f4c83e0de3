/** How far results are from what they should be, in the units of the tolerance. */

export interface Difference {
  /** The largest |actual - expected| / (2e-6 + 1e-5 |expected|), of floats; at most 1 is equal by the rule of the design. */
  worst: number;
  detail: string;
}

/** Whole numbers are equal, or the bits of floats (far larger than any index) that are four roundings apart. */
function allowed(values: ArrayLike<number>, i: number): number {
  if (values instanceof Uint32Array) return values[i] < 2 ** 25 ? 1e-9 : 4;
  return 2e-6 + 1e-5 * Math.abs(values[i]);
}

export function difference(actual: ArrayLike<number>[], expected: ArrayLike<number>[]): Difference {
  let worst = 0;
  let detail = "";
  expected.forEach((values, output) => {
    if (values.length !== actual[output].length) {
      worst = Infinity;
      detail = `output ${output} has ${actual[output].length} values, expected ${values.length}`;
      return;
    }
    for (let i = 0; i < values.length; i++) {
      const off = Math.abs(actual[output][i] - values[i]) / allowed(values, i);
      if (off <= worst) continue;
      // NaN compares false with everything, so it ends here, too.
      worst = Number.isNaN(off) ? Infinity : off;
      detail = `output ${output}[${i}]: ${actual[output][i]}, expected ${values[i]}`;
    }
  });
  return { worst, detail };
}
