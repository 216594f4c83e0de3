/** Grids for kernels that have one workgroup, or one line of workgroups, per row. */

/** Workgroups along x, at most. A device may allow no more than 65,535; with fewer, a test of more rows is quick. */
const WIDEST = 1024;

/**
 * Two dimensions of a grid for any number of rows: a batch of sounds may have more frames than a device allows workgroups along one
 * dimension. A workgroup computes row `y * (size of x) + x`, if there is one.
 */
export function gridOfRows(rows: number): [x: number, y: number] {
  const y = Math.ceil(rows / WIDEST);
  return [Math.ceil(rows / y), y];
}
