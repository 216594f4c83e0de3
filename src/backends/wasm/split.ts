/**
 * The kernels with their calls cut into parts for the threads of a pool: products by columns, attention by heads, the rest by
 * rows. Each part computes what the whole call would, in the same order, so results do not depend on the number of threads.
 */

import type { Kernels } from "./kernels";
import type { Space } from "./memory";
import { FORMAT } from "./numbers";
import { MOST_PARTS, type KernelName, type Pool } from "./pool";

/** Products take columns four or eight at a time; a part begins where no group of them is cut. */
const COLUMNS = 16;

/** Where `firstHead` is among the arguments of `attention`. */
const HEADS = 19;

/** Multiplications and additions that an element of these takes the time of. */
const COST = { finish: 4, norm: 4, quantize: 8, softmax: 8 };

/**
 * @param smallest calls of fewer multiplications are not cut
 */
export function splitKernels(kernels: Kernels, pool: Pool, space: Space, smallest: number): Kernels {
  const room = space.area();
  const most = Math.min(MOST_PARTS, 2 * pool.threads);

  /** Ranges of `count` things, which begin at multiples of `unit`; one range where the work is not worth more. */
  function ranges(work: number, count: number, unit = 1): [first: number, count: number][] {
    const units = Math.ceil(count / unit);
    const parts = work < smallest ? 1 : Math.min(most, units);
    return Array.from({ length: parts }, (_, i) => {
      const [from, to] = [i, i + 1].map((part) => Math.min(count, Math.floor((part * units) / parts) * unit));
      return [from, to - from];
    });
  }

  /** A kernel over rows that do not know of each other; `args` are those of a range of rows. */
  function byRows(
    name: KernelName,
    work: number,
    rows: number,
    args: (first: number, count: number) => number[],
  ): void {
    const cut = ranges(work, rows);
    if (cut.length > 1)
      pool.run(
        name,
        cut.map(([first, count]) => args(first, count)),
      );
    else (kernels[name] as (...args: number[]) => unknown)(...args(0, rows));
  }

  const softmaxBy =
    (name: "softmax" | "logSoftmax") =>
    (out: number, x: number, rows: number, n: number): void =>
      byRows(name, COST.softmax * rows * n, rows, (first, count) => [out + 4 * first * n, x + 4 * first * n, count, n]);

  return {
    ...kernels,
    product(format, x, w, y, pitch, m, n, k, sum, scratch) {
      const cut = ranges(m * n * k, n, COLUMNS);
      if (cut.length === 1) return kernels.product(format, x, w, y, pitch, m, n, k, sum, scratch);
      const step = kernels.rowBytes(format, k);
      const bytes = kernels.productScratch(m, k, sum);
      const own = room(bytes * cut.length);
      pool.run(
        "product",
        cut.map(([j, columns], i) => [format, x, w + j * step, y + 4 * j, pitch, m, columns, k, sum, own + i * bytes]),
      );
    },
    quantize(out, x, m, k) {
      const row = kernels.quantizedBytes(k);
      byRows("quantize", COST.quantize * m * k, m, (first, count) => [out + first * row, x + 4 * first * k, count, k]);
    },
    productInt8(x, w, y, pitch, m, n, k, scratch) {
      const cut = ranges(m * n * k, n, COLUMNS);
      if (cut.length === 1) return kernels.productInt8(x, w, y, pitch, m, n, k, scratch);
      const step = kernels.rowBytes(FORMAT.q8, k);
      const bytes = kernels.int8Scratch(k);
      const own = room(bytes * cut.length);
      pool.run(
        "productInt8",
        cut.map(([j, columns], i) => [x, w + j * step, y + 4 * j, pitch, m, columns, k, own + i * bytes]),
      );
    },
    attention(...given) {
      const [, , , , , , , , , , b, t, c, , heads, width] = given;
      const [firstHead, endHead] = given.slice(HEADS);
      const cut = ranges(2 * b * t * c * heads * width, endHead - firstHead);
      if (cut.length === 1) return kernels.attention(...given);
      const bytes = (kernels.attentionScratch(c, width) + 15) & ~15;
      const own = room(bytes * cut.length);
      pool.run(
        "attention",
        cut.map(([head, count], i) => [
          ...given.slice(0, HEADS),
          firstHead + head,
          firstHead + head + count,
          own + i * bytes,
        ]),
      );
    },
    finish(y, m, n, scale, bias, activation, residual, multiply) {
      const at = (pointer: number, row: number) => (pointer === 0 ? 0 : pointer + 4 * row * n);
      byRows("finish", COST.finish * m * n, m, (first, count) => [
        at(y, first),
        count,
        n,
        scale,
        bias,
        activation,
        at(residual, first),
        at(multiply, first),
      ]);
    },
    norm(out, x, weights, rows, d, eps, rms) {
      byRows("norm", COST.norm * rows * d, rows, (first, count) => [
        out + 4 * first * d,
        x + 4 * first * d,
        weights,
        count,
        d,
        eps,
        rms ? 1 : 0,
      ]);
    },
    softmax: softmaxBy("softmax"),
    logSoftmax: softmaxBy("logSoftmax"),
    argmax(out, x, rows, n) {
      byRows("argmax", COST.softmax * rows * n, rows, (first, count) => [out + 8 * first, x + 4 * first * n, count, n]);
    },
  };
}
