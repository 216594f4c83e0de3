/**
 * Discrete Fourier transform X[k] = sum over j of x[j] exp(-2 pi i j k / n), in doubles, for lengths 2^a 5^b: 400 is
 * 4 * 4 * 5 * 5. Stockham's form: each pass reads one array and writes the other in an order that needs no bit reversal.
 */

import { invariant } from "../errors";

/** Transforms `re` and `im` in place. */
export type Fft = (re: Float64Array, im: Float64Array) => void;

const RADICES = [5, 4, 2];

function radicesOf(n: number): number[] {
  const out: number[] = [];
  let rest = n;
  for (const radix of RADICES) {
    while (rest % radix === 0) {
      out.push(radix);
      rest /= radix;
    }
  }
  invariant(rest === 1, `fft: ${n} is not a product of 2 and 5`);
  return out;
}

/** One pass: `length` is what is left to transform, `stride` how many transforms are interleaved. */
interface Pass {
  radix: number;
  length: number;
  stride: number;
  /** exp(-2 pi i p / length) for each p below length / radix. */
  cos: Float64Array;
  sin: Float64Array;
}

function passesOf(n: number): Pass[] {
  let length = n;
  return radicesOf(n).map((radix) => {
    const count = length / radix;
    const angle = (_: unknown, p: number): number => (-2 * Math.PI * p) / length;
    const pass = {
      radix,
      length,
      stride: n / length,
      cos: Float64Array.from({ length: count }, (_, p) => Math.cos(angle(_, p))),
      sin: Float64Array.from({ length: count }, (_, p) => Math.sin(angle(_, p))),
    };
    length = count;
    return pass;
  });
}

export function createFft(n: number): Fft {
  const passes = passesOf(n);
  const spareRe = new Float64Array(n);
  const spareIm = new Float64Array(n);
  return (re, im) => {
    let [x, y, u, v]: Float64Array[] = [re, im, spareRe, spareIm];
    for (const pass of passes) {
      if (pass.radix === 5) radix5(pass, x, y, u, v);
      else if (pass.radix === 4) radix4(pass, x, y, u, v);
      else radix2(pass, x, y, u, v);
      [x, y, u, v] = [u, v, x, y];
    }
    if (x !== re) {
      re.set(x);
      im.set(y);
    }
  };
}

type Step = (pass: Pass, x: Float64Array, y: Float64Array, u: Float64Array, v: Float64Array) => void;

/** u + iv = the pass over x + iy: y_k = w^k sum over j of x_j exp(-2 pi i j k / 2), w = exp(-2 pi i p / length). */
const radix2: Step = ({ length, stride, cos, sin }, x, y, u, v) => {
  const m = length / 2;
  for (let p = 0; p < m; p++) {
    for (let q = 0; q < stride; q++) {
      const a = q + stride * p;
      const b = a + stride * m;
      const to = q + stride * 2 * p;
      const re = x[a] - x[b];
      const im = y[a] - y[b];
      u[to] = x[a] + x[b];
      v[to] = y[a] + y[b];
      u[to + stride] = re * cos[p] - im * sin[p];
      v[to + stride] = re * sin[p] + im * cos[p];
    }
  }
};

const radix4: Step = ({ length, stride, cos, sin }, x, y, u, v) => {
  const m = length / 4;
  const step = stride * m;
  for (let p = 0; p < m; p++) {
    const c1 = cos[p];
    const s1 = sin[p];
    const c2 = c1 * c1 - s1 * s1;
    const s2 = 2 * c1 * s1;
    const c3 = c2 * c1 - s2 * s1;
    const s3 = c2 * s1 + s2 * c1;
    for (let q = 0; q < stride; q++) {
      const a = q + stride * p;
      const to = q + stride * 4 * p;
      const evenRe = x[a] + x[a + 2 * step];
      const evenIm = y[a] + y[a + 2 * step];
      const oddRe = x[a + step] + x[a + 3 * step];
      const oddIm = y[a + step] + y[a + 3 * step];
      const re = x[a] - x[a + 2 * step];
      const im = y[a] - y[a + 2 * step];
      // -i times the difference of the odd ones.
      const turnedRe = y[a + step] - y[a + 3 * step];
      const turnedIm = x[a + 3 * step] - x[a + step];
      u[to] = evenRe + oddRe;
      v[to] = evenIm + oddIm;
      const re1 = re + turnedRe;
      const im1 = im + turnedIm;
      u[to + stride] = re1 * c1 - im1 * s1;
      v[to + stride] = re1 * s1 + im1 * c1;
      const re2 = evenRe - oddRe;
      const im2 = evenIm - oddIm;
      u[to + 2 * stride] = re2 * c2 - im2 * s2;
      v[to + 2 * stride] = re2 * s2 + im2 * c2;
      const re3 = re - turnedRe;
      const im3 = im - turnedIm;
      u[to + 3 * stride] = re3 * c3 - im3 * s3;
      v[to + 3 * stride] = re3 * s3 + im3 * c3;
    }
  }
};

const COS1 = Math.cos((2 * Math.PI) / 5);
const SIN1 = Math.sin((2 * Math.PI) / 5);
const COS2 = Math.cos((4 * Math.PI) / 5);
const SIN2 = Math.sin((4 * Math.PI) / 5);

const radix5: Step = ({ length, stride, cos, sin }, x, y, u, v) => {
  const m = length / 5;
  const step = stride * m;
  for (let p = 0; p < m; p++) {
    const c1 = cos[p];
    const s1 = sin[p];
    const c2 = c1 * c1 - s1 * s1;
    const s2 = 2 * c1 * s1;
    const c3 = c2 * c1 - s2 * s1;
    const s3 = c2 * s1 + s2 * c1;
    const c4 = c2 * c2 - s2 * s2;
    const s4 = 2 * c2 * s2;
    for (let q = 0; q < stride; q++) {
      const a = q + stride * p;
      const to = q + stride * 5 * p;
      const re0 = x[a];
      const im0 = y[a];
      const sumRe14 = x[a + step] + x[a + 4 * step];
      const sumIm14 = y[a + step] + y[a + 4 * step];
      const difRe14 = x[a + step] - x[a + 4 * step];
      const difIm14 = y[a + step] - y[a + 4 * step];
      const sumRe23 = x[a + 2 * step] + x[a + 3 * step];
      const sumIm23 = y[a + 2 * step] + y[a + 3 * step];
      const difRe23 = x[a + 2 * step] - x[a + 3 * step];
      const difIm23 = y[a + 2 * step] - y[a + 3 * step];
      u[to] = re0 + sumRe14 + sumRe23;
      v[to] = im0 + sumIm14 + sumIm23;
      const realA = re0 + COS1 * sumRe14 + COS2 * sumRe23;
      const imagA = im0 + COS1 * sumIm14 + COS2 * sumIm23;
      const realB = re0 + COS2 * sumRe14 + COS1 * sumRe23;
      const imagB = im0 + COS2 * sumIm14 + COS1 * sumIm23;
      const crossReA = SIN1 * difIm14 + SIN2 * difIm23;
      const crossImA = -SIN1 * difRe14 - SIN2 * difRe23;
      const crossReB = SIN2 * difIm14 - SIN1 * difIm23;
      const crossImB = -SIN2 * difRe14 + SIN1 * difRe23;
      const re1 = realA + crossReA;
      const im1 = imagA + crossImA;
      u[to + stride] = re1 * c1 - im1 * s1;
      v[to + stride] = re1 * s1 + im1 * c1;
      const re2 = realB + crossReB;
      const im2 = imagB + crossImB;
      u[to + 2 * stride] = re2 * c2 - im2 * s2;
      v[to + 2 * stride] = re2 * s2 + im2 * c2;
      const re3 = realB - crossReB;
      const im3 = imagB - crossImB;
      u[to + 3 * stride] = re3 * c3 - im3 * s3;
      v[to + 3 * stride] = re3 * s3 + im3 * c3;
      const re4 = realA - crossReA;
      const im4 = imagA - crossImA;
      u[to + 4 * stride] = re4 * c4 - im4 * s4;
      v[to + 4 * stride] = re4 * s4 + im4 * c4;
    }
  }
};
