/** The scalar functions against torch's, in double precision: values of test/goldens/ops.json. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { activations, erf } from "../../../src/backends/cpu/math";
import type { Activation } from "../../../src/ops/ops";

type Points = [x: number, y: number][];

const { functions } = JSON.parse(readFileSync(new URL("../../goldens/ops.json", import.meta.url), "utf8")) as {
  functions: Record<"erf" | Exclude<Activation, "none">, Points>;
};

describe("erf", () => {
  test.each(functions.erf)("erf(%f) to 1e-14", (x, y) => {
    expect(Math.abs(erf(x) - y)).toBeLessThanOrEqual(1e-14 * Math.max(Math.abs(y), 1e-280));
  });

  test("is odd, bounded and does not fall", () => {
    let last = -1;
    for (let x = -7; x <= 7; x += 1 / 256) {
      const y = erf(x);
      expect(y).toBe(-erf(-x));
      expect(y).toBeGreaterThanOrEqual(last);
      expect(y).toBeLessThanOrEqual(1);
      last = y;
    }
    expect(last).toBe(1);
  });

  test("at the ends", () => {
    expect([erf(Infinity), erf(-Infinity), erf(NaN)]).toEqual([1, -1, NaN]);
  });
});

describe("activations, near zero and far from it", () => {
  for (const name of ["relu", "gelu", "gelu_new", "quick_gelu", "silu", "tanh"] as const) {
    test.each(functions[name])(`${name}(%f)`, (x, y) => {
      // 1 + erf and 1 + tanh cancel for negative x, in torch as here: what is left is noise of 1e-16 |x|.
      const noise = name.startsWith("gelu") && Math.abs(x) < 10 ? 2e-16 * Math.abs(x) : 0;
      expect(Math.abs(activations[name](x) - y)).toBeLessThanOrEqual(1e-14 * Math.abs(y) + noise);
    });
  }

  test("none changes nothing", () => {
    for (const x of [-1e30, -1, 0, 0.1, 1e30]) expect(activations.none(x)).toBe(x);
  });
});
