/** The activations and exponentials of the kernels against float64, over the whole range: the errors that wasm/ states. */

import { beforeAll, describe, expect, test } from "vitest";
import { activations } from "../../../src/backends/cpu/math";
import type { ModuleName } from "../../../src/backends/wasm/kernels";
import { ACTIVATION } from "../../../src/backends/wasm/numbers";
import { createBench, type Bench } from "../../support/node/wasm";

/** Every 2^-10 near zero, and wider and wider steps to 100 on both sides; a length that is no multiple of four. */
const inputs = Float32Array.from({ length: 40_003 }, (_, i) => {
  const step = i - 20_001;
  return Math.abs(step) < 10_000 ? step / 1024 : Math.sign(step) * (9.765 + (Math.abs(step) - 10_000) * 0.00913);
});

describe.each(["simd", "relaxed"] as const satisfies ModuleName[])("%s", (name) => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await createBench(name);
  });

  /** activation(x) by the kernel. */
  function activated(kind: number, x: Float32Array): Float32Array {
    bench.clear();
    const y = bench.put(x);
    bench.kernels.finish(y, 1, x.length, 1, bench.put(new Float32Array(x.length)), kind, 0, 0);
    return bench.floats(y, x.length);
  }

  // The largest |error| / max(1, |x|).
  const limits = { none: 0, relu: 0, gelu: 4e-7, gelu_new: 2e-7, quick_gelu: 2e-7, silu: 2e-7, tanh: 2e-7 };
  test.each(Object.entries(limits))("%s is off by at most %f of max(1, |x|)", (kind, limit) => {
    const y = activated(ACTIVATION[kind as keyof typeof limits], inputs);
    let worst = 0;
    inputs.forEach((x, i) => {
      const off = Math.abs(y[i] - activations[kind as keyof typeof limits](x)) / Math.max(1, Math.abs(x));
      worst = off <= worst ? worst : off;
    });
    expect(worst).toBeLessThanOrEqual(limit);
  });

  test.each(Object.keys(limits))("%s of NaN and of infinities is that of the specification", (kind) => {
    const x = Float32Array.of(NaN, Infinity, -Infinity, 0, 3e38, -3e38, 1e-40);
    const wanted = Float32Array.from(x, activations[kind as keyof typeof limits]);
    const y = activated(ACTIVATION[kind as keyof typeof limits], x);
    wanted.forEach((value, i) => {
      if (Number.isFinite(value)) expect(y[i], `of ${x[i]}`).toBeCloseTo(value, 6);
      else expect(y[i], `of ${x[i]}`).toBe(value);
    });
  });

  test("exp is within 2e-7 of itself, and 0 below -86.6", () => {
    // A softmax of x and 0 is exp(x) over 1 + exp(x); with x negative and far from 0 that is exp(x).
    let worst = 0;
    for (let x = -86.5; x < -20; x += 0.037) {
      bench.clear();
      const at = bench.put(Float32Array.of(x, 0, -90));
      bench.kernels.softmax(at, at, 1, 3);
      const [y, one, none] = bench.floats(at, 3);
      const exact = Math.exp(Math.fround(x));
      worst = Math.max(worst, Math.abs(y - exact) / exact);
      expect([one, none]).toEqual([1, 0]);
    }
    expect(worst).toBeLessThanOrEqual(2e-7);
  });
});
