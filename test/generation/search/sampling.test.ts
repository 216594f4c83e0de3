/** The distribution that sampling draws from, against Hugging Face's processors (test/goldens/sampling.py). */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { resolveConfig } from "../../../src/generation/options/resolve";
import type { GenerationConfig } from "../../../src/generation/options/generation-config";
import { createProcessors } from "../../../src/generation/search/processors/list";
import { logSoftmax, softmax } from "../../../src/util/distribution";
import { toyInfo } from "../../support/shared/toy";

interface Goldens {
  logits: number[][];
  cases: { options: GenerationConfig; kept: number[]; probabilities: number[][] }[];
}

const { logits, cases } = JSON.parse(readFileSync("test/goldens/sampling.json", "utf8")) as Goldens;
const vocabSize = logits[0].length;
const info = { ...toyInfo, sourceVocabSize: vocabSize, targetVocabSize: vocabSize, eosTokenIds: [1] };

describe("what sampling draws from", () => {
  it.each(cases.map((golden) => ({ ...golden, name: JSON.stringify(golden.options) })))(
    "$name",
    ({ options, kept, probabilities }) => {
      const config = resolveConfig({ do_sample: true, max_new_tokens: 8, ...options }, {}, info);
      const processors = createProcessors(config, { index: 0, inputIds: [1, 1, 1], vocabSize });
      logits.forEach((row, r) => {
        const scores = Float32Array.from(row);
        if (config.numBeams > 1) logSoftmax(scores); // beams add up log-probabilities
        for (const process of processors) process([scores], [[0]]);
        expect(scores.filter(Number.isFinite)).toHaveLength(kept[r]);
        softmax(scores).forEach((probability, token) => {
          const expected = probabilities[r][token];
          expect(Math.abs(probability - expected)).toBeLessThan(2e-6 + 1e-5 * expected);
        });
      });
    },
  );
});
