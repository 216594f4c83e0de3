/** Whisper's rules and what sampling draws from after them, 600 histories, against transformers (test/goldens/whisper_rules.py). */

import { expect, test } from "vitest";
import { createCpuBackend } from "../../src/backends/cpu/backend";
import { createWasmBackend } from "../../src/backends/wasm/backend";
import { resolveConfig } from "../../src/generation/options/resolve";
import type { GenerationConfig } from "../../src/generation/options/generation-config";
import { createProcessors } from "../../src/generation/search/processors/list";
import { softmax } from "../../src/util/distribution";
import { more } from "../support/shared/audio-operations";
import { toyInfo } from "../support/shared/toy";
import {
  isBanned,
  rulesOf,
  scoresOf,
  whisperRuleCases,
  whisperRuleFaults,
  whisperSettings,
  type RuleCase,
} from "../support/shared/whisper-rules";

/** What the processors in JavaScript make of a case. */
function processed(c: RuleCase, options: GenerationConfig): Float32Array {
  const setting = whisperSettings[c.setting];
  const { vocabulary, prompt, eos, suppress, begin_suppress } = setting;
  const info = { ...toyInfo, targetVocabSize: vocabulary, eosTokenIds: [eos], maxTargetLength: 64 };
  const given = { suppress_tokens: suppress, begin_suppress_tokens: begin_suppress, max_length: 60, ...options };
  const config = { ...resolveConfig(given, {}, info), promptLength: prompt, timestamps: rulesOf(setting) };
  const scores = scoresOf(c);
  const sequence = [...new Array<number>(prompt).fill(0), ...c.history];
  for (const process of createProcessors(config, { index: 0, inputIds: [], vocabSize: vocabulary }))
    process([scores], [sequence]);
  return scores;
}

test("in JavaScript", () => {
  expect(whisperRuleCases.length).toBe(600);
  for (const c of whisperRuleCases) {
    const scores = scoresOf(c);
    const expected = scores.map((score, token) => (isBanned(c, token) ? -Infinity : score));
    expect(processed(c, {}), c.history.join()).toEqual(expected);
  }
});

test("what is drawn from", () => {
  const draws = whisperRuleCases.filter(({ draw }) => draw);
  expect(draws.length).toBeGreaterThan(100);
  for (const c of draws) {
    const expected = new Map(c.probabilities);
    softmax(processed(c, { do_sample: true, ...c.draw })).forEach((probability, token) => {
      const wanted = expected.get(token) ?? 0;
      expect(Math.abs(probability - wanted), c.history.join()).toBeLessThan(2e-6 + 1e-5 * wanted);
    });
  }
});

test.each([
  ["in rows of their own", false],
  ["scattered by beams", true],
])("by the operations of cpu and wasm, sequences %s", async (_, scattered) => {
  expect(await whisperRuleFaults(createCpuBackend("f32", more), scattered)).toEqual([]);
  expect(await whisperRuleFaults(await createWasmBackend("simd", {}, more), scattered)).toEqual([]);
});
