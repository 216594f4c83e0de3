/** What the processors make of scores, against Hugging Face's list of them (test/goldens/search.py). */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { resolveConfig } from "../../../src/generation/options/resolve";
import type { GenerationConfig } from "../../../src/generation/options/generation-config";
import { createProcessors } from "../../../src/generation/search/processors/list";
import { argmax, logSoftmax, topIndices } from "../../../src/util/distribution";
import { random } from "../../support/shared/random";
import { allowedBy, TOY_VOCABULARY, toyInfo } from "../../support/shared/toy";

interface Golden {
  options: GenerationConfig & { prefix?: string };
  source: number[];
  sequences: number[][];
  scores: number[][];
  expected: (number | null)[][];
}

const goldens = JSON.parse(readFileSync("test/goldens/processors.json", "utf8")) as Golden[];

describe("scores after the processors are those of transformers", () => {
  it.each(goldens.map((golden, i) => ({ ...golden, name: `${i}: ${JSON.stringify(golden.options)}` })))(
    "$name",
    ({ options: { prefix, ...given }, source, sequences, scores, expected }) => {
      const options = { max_length: 20, ...given };
      if (prefix) options.prefix_allowed_tokens = allowedBy(prefix);
      const config = resolveConfig(options, {}, toyInfo);
      const rows = scores.map((row) => Float32Array.from(row));
      const processors = createProcessors(config, { index: 0, inputIds: source, vocabSize: TOY_VOCABULARY });
      for (const process of processors) process(rows, sequences);
      rows.forEach((row, beam) =>
        row.forEach((value, token) => {
          const wanted = expected[beam][token];
          if (wanted === null) expect(value).toBe(-Infinity);
          else expect(Math.abs(value - wanted)).toBeLessThan(2e-6 + 1e-5 * Math.abs(wanted));
        }),
      );
    },
  );
});

describe("scores", () => {
  it("topIndices is a stable sort cut off", () => {
    const rng = random(4);
    for (const n of [1, 2, 7, 64, 1001]) {
      // Few different values, so that many are equal.
      const values = Float32Array.from(rng.integers(n, 9));
      const sorted = Array.from(values.keys()).sort((a, b) => values[b] - values[a] || a - b);
      for (const k of [0, 1, 3, n, n + 5]) expect(topIndices(values, k)).toEqual(sorted.slice(0, k));
    }
  });

  it("argmax takes the first of equals", () => {
    expect(argmax(Float32Array.of(1, 3, 3, 2))).toBe(1);
    expect(argmax(Float32Array.of(-Infinity, -Infinity))).toBe(0);
  });

  it("logSoftmax adds up to one, with minus infinity among the scores", () => {
    const scores = Float32Array.of(1, -Infinity, 100, 99);
    logSoftmax(scores);
    expect(scores[1]).toBe(-Infinity);
    expect(scores.reduce((sum, x) => sum + Math.exp(x), 0)).toBeCloseTo(1, 6);
  });
});
