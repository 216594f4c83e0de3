/** Tokens drawn by the operations of a backend against tokens drawn in JavaScript: the same options, logits and seed. */

import { describe, expect, it } from "vitest";
import type { GenerationConfig } from "../../../src/index";
import { createCpuBackend } from "../../../src/backends/cpu/backend";
import { createWasmBackend } from "../../../src/backends/wasm/backend";
import { resolveConfig } from "../../../src/generation/options/resolve";
import type { SearchConfig } from "../../../src/generation/options/search-config";
import { createProcessors } from "../../../src/generation/search/processors/list";
import { createRandom } from "../../../src/generation/search/random";
import type { Ops } from "../../../src/ops/ops";
import { drawWords, sampledCandidates, samplerWords } from "../../../src/ops/sampling";
import { draw, logSumExp, softmax } from "../../../src/util/distribution";
import { random } from "../../support/shared/random";
import { toyInfo } from "../../support/shared/toy";

const [ROWS, STEPS, V] = [32, 16, 700];
const info = { ...toyInfo, sourceVocabSize: V, targetVocabSize: V };
const configOf = (options: GenerationConfig): SearchConfig =>
  resolveConfig({ do_sample: true, max_new_tokens: 8, ...options }, {}, info);

/** What JavaScript draws: (STEPS, ROWS). */
function expected(config: SearchConfig, logits: Float32Array): { tokens: number[]; logprobs: number[] } {
  const processors = createProcessors(config, { index: 0, inputIds: [1], vocabSize: V });
  const randoms = Array.from({ length: ROWS }, (_, row) => createRandom(5, row));
  const tokens: number[] = [];
  const logprobs: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    for (let row = 0; row < ROWS; row++) {
      const scores = logits.slice(row * V, (row + 1) * V);
      for (const process of processors) process([scores], [[1]]);
      const token = draw(softmax(scores), randoms[row].next());
      tokens.push(token);
      logprobs.push(Math.fround(scores[token] - logSumExp(scores)));
    }
  }
  return { tokens, logprobs };
}

async function drawn(ops: Ops, config: SearchConfig, logits: Float32Array) {
  const u32 = (shape: number[], data?: Uint32Array) => ops.create(shape, "u32", "activations", data);
  const draws = Array.from({ length: ROWS }, (_, row) => {
    const { next } = createRandom(5, row);
    return Array.from({ length: STEPS }, next);
  });
  const words = Uint32Array.from([...samplerWords(config.warpers), ...drawWords(draws.flat())]);
  const scores = ops.create([ROWS, 1, V], "f32", "activations", logits);
  const selection = {
    token: u32([ROWS, 1]),
    position: u32([ROWS]),
    finished: u32([ROWS]),
    history: u32([STEPS, ROWS]),
    logprobs: ops.create([STEPS, ROWS], "f32", "activations"),
    eos: u32([1], Uint32Array.of(V)),
    pad: 0,
  };
  const sampler = u32([words.length], words);
  const { count, open } = sampledCandidates(config.warpers, V)!;
  const all = open ? scores : undefined;
  const plan = await ops.record("step", () => ops.sample(ops.topK(scores, count), selection, sampler, all));
  for (let step = 0; step < STEPS; step++) await ops.submit([plan]);
  const { history, logprobs, position } = selection;
  const read = [history, logprobs].map((tensor) => ({ tensor, start: 0, count: ROWS * STEPS }));
  const [tokens, scored, places] = await ops.submit([], [...read, { tensor: position, start: 0, count: ROWS }]);
  // The logits stay the same: a row is decided in each step or in none.
  expect([...new Set(places)].every((place) => place === 0 || place === STEPS)).toBe(true);
  const decided = Array.from(places, (place) => place > 0);
  return { tokens: Array.from(tokens), logprobs: Array.from(scored), decided };
}

const options: GenerationConfig[] = [
  {},
  { top_k: 1 },
  { top_k: 200, temperature: 1.9 },
  { top_p: 0.6, temperature: 0.7 },
  { min_p: 0.04 },
  { typical_p: 0.5 },
  { epsilon_cutoff: 0.01 },
  { eta_cutoff: 0.02 },
  { top_h: 0.5, top_k: 0 },
  { top_p: 0.4, top_k: 0 },
  { min_p: 0.1, top_k: 0, temperature: 0.8 },
  { typical_p: 0.2, top_p: 0.9, top_k: 0, temperature: 0.4 },
  { epsilon_cutoff: 0.01, top_k: 0 },
  { eta_cutoff: 0.05, top_k: 0 },
  { temperature: 1.2, top_h: 0.9, top_k: 60, top_p: 0.9, min_p: 0.01, typical_p: 0.9, epsilon_cutoff: 0.002 },
];

describe.each([
  ["cpu", createCpuBackend],
  ["wasm", createWasmBackend],
] as const)("512 draws on %s are those of JavaScript", (_, create) => {
  it.each(options)("%j", async (given) => {
    const ops = await create();
    const config = configOf(given);
    // In steps of 1/16, so that scores are equal here and there.
    const logits = random(17)
      .normal(ROWS * V, 2)
      .map((score) => Math.round(16 * score) / 16);
    const { tokens, logprobs } = expected(config, logits);
    expect(new Set(tokens).size).toBeGreaterThan(given.top_k === 1 ? 20 : 50);
    const found = await drawn(ops, config, logits);
    const rows = found.decided.filter(Boolean).length;
    if (given.top_k === 0 && !given.top_h) expect([rows > 5, rows]).toEqual([true, expect.any(Number)]);
    else expect(rows).toBe(ROWS);
    const ofDecided = (values: readonly number[]) => values.filter((_, i) => found.decided[i % ROWS]);
    expect(ofDecided(found.tokens)).toEqual(ofDecided(tokens));
    expect(ofDecided(found.logprobs)).toEqual(ofDecided(logprobs));
    ops.dispose();
  });
});

it.each([{ top_k: 0 }, { top_k: 0, temperature: 0.5 }, { top_k: 400 }])(
  "%j may need any number of candidates",
  (given) => {
    expect(sampledCandidates(configOf(given).warpers, V)).toBeUndefined();
  },
);

it("candidates are more than top_k, for those that are equal to the last, and at most the vocabulary", () => {
  const count = (given: GenerationConfig, v = V) => sampledCandidates(configOf(given).warpers, v)?.count;
  expect([count({}), count({ top_k: 56 }), count({ top_k: 57 }), count({ top_k: 248 })]).toEqual([64, 64, 96, 256]);
  expect([count({ top_k: 0, top_h: 0.5 }), count({ top_k: 5, top_h: 0.5 }), count({}, 24)]).toEqual([128, 128, 24]);
  const open = [V, 64].map((v) => sampledCandidates(configOf({ top_k: 0, top_p: 0.9 }).warpers, v));
  expect(open).toEqual([
    { count: 64, open: true },
    { count: 64, open: false },
  ]);
});
