/**
 * The two implementations of searching against each other, with options drawn at random: JavaScript (beam.ts, greedy-sampling.ts,
 * processors/) and operations of a backend (advanceBeams, processLogits). They share no code but the configuration.
 */

import { describe, expect, it } from "vitest";
import type { GenerationConfig } from "../../../src/index";
import { random } from "../../support/shared/random";
import { expectFound, readSearchGoldens } from "../../support/node/search";
import { searchOnDevice, searchToy, TOY_VOCABULARY } from "../../support/shared/toy";

const { tables } = readSearchGoldens();
const SEEDS = Object.keys(tables);

function drawn(seed: number): { rows: number[][]; options: GenerationConfig } {
  const rng = random(seed);
  const below = (n: number): number => Math.floor(rng.next() * n);
  const one = <T>(...values: T[]): T => values[below(values.length)];
  const ids = (n: number): number[] => Array.from({ length: n }, () => 3 + below(TOY_VOCABULARY - 3));
  const num_beams = one(1, 2, 3, 4, 5, 7);
  const rules: GenerationConfig[] = [
    { repetition_penalty: one(0.5, 1.2, 3) },
    { encoder_repetition_penalty: one(0.5, 1.2, 3) },
    { no_repeat_ngram_size: one(1, 2, 3) },
    { encoder_no_repeat_ngram_size: one(1, 2) },
    { bad_words_ids: [ids(1), ids(2), ids(2), ids(3)] },
    {
      sequence_bias: [
        [ids(1), one(-4, 1.5)],
        [ids(2), 6],
        [[...ids(1), 5], -3],
        [[7, 5], 2.25],
      ],
    },
    { forced_bos_token_id: 0 },
    { forced_eos_token_id: 2 },
    {
      forced_decoder_ids: [
        [1 + below(4), ids(1)[0]],
        [5, ids(1)[0]],
      ],
    },
    { suppress_tokens: ids(4) },
    { begin_suppress_tokens: ids(5) },
    { min_new_tokens: 2 + below(8) },
    { min_length: 2 + below(8) },
    { exponential_decay_length_penalty: [below(5), one(0.8, 1.05, 1.6)] },
    { renormalize_logits: true },
    { eos_token_id: [2, ...ids(below(4))] },
  ];
  const chosen = rules.filter(() => rng.next() < 0.2);
  const beams: GenerationConfig = {
    length_penalty: one(-0.7, 0, 0.5, 1, 2.2),
    early_stopping: one<boolean | "never">(false, true, "never"),
    num_return_sequences: 1 + below(num_beams),
  };
  const options: GenerationConfig = { num_beams, max_new_tokens: 1 + below(16), ...(num_beams > 1 ? beams : {}) };
  for (const rule of chosen) Object.assign(options, rule);
  const longest = 24 - 1 - (options.max_new_tokens ?? 0); // the toy's positions
  const promptLength = one(1, 1, 2, 3, Math.min(7, longest));
  const rows = Array.from({ length: 1 + below(4) }, () => ids(1 + below(9)));
  if (promptLength > 1) options.decoder_input_ids = rows.map(() => [1, ...ids(promptLength - 1)]);
  return { rows, options };
}

/** The same rules, drawn from instead of searched for. */
function sampled(seed: number): { rows: number[][]; options: GenerationConfig } {
  const { rows, options } = drawn(seed);
  const rng = random(seed + 1);
  const warpers: GenerationConfig[] = [
    { temperature: 0.5 + rng.next() },
    { top_k: 1 + Math.floor(30 * rng.next()) },
    { top_p: rng.next() },
    { min_p: rng.next() / 4 },
    { typical_p: 0.2 + 0.7 * rng.next() },
    { epsilon_cutoff: rng.next() / 20 },
    { eta_cutoff: rng.next() / 20 },
    { top_h: 0.2 + 0.8 * rng.next() },
  ];
  const { length_penalty: _, early_stopping: __, ...rules } = options;
  if (rng.next() < 0.3) rules.constraint = rows.map(() => [3, 7].map((first) => first + Math.floor(9 * rng.next())));
  const own = { do_sample: true, num_beams: 1, num_return_sequences: 1 + Math.floor(4 * rng.next()), seed };
  for (const warper of warpers) if (rng.next() < 0.35) Object.assign(own, warper);
  return { rows, options: { ...rules, ...own } };
}

describe.each([
  ["searching", drawn],
  ["sampling", sampled],
] as const)("%s with options drawn at random", (_, draw) => {
  it.each(Array.from({ length: 16 }, (_, block) => block))("gives the same both ways, block %i", async (block) => {
    for (let i = 0; i < 25; i++) {
      const number = 25 * block + i;
      const { rows, options } = draw(1000 + number);
      const seed = Number(SEEDS[number % SEEDS.length]);
      const expected = searchToy(rows, options, tables[seed]).map(({ tokens, choices, score }) => ({
        sequence: tokens,
        logprobs: choices.map(({ logprob }) => logprob),
        score,
      }));
      // Where rules leave fewer sequences than beams, the rest is whatever came to hand.
      const meaningful = expected.filter(({ score }) => (score ?? 0) > -1e8);
      const [{ way, found }] = await searchOnDevice("cpu", rows, tables, [
        { seed, rows: rows.length, options, found: [] },
      ]);
      // A constraint that other rules contradict is left to JavaScript.
      if (options.constraint && way === "javascript") continue;
      expect(way).toBe(options.do_sample ? "sampling" : options.num_beams === 1 ? "greedy" : "beams");
      const name = JSON.stringify({ number, seed, rows, options });
      expectFound(
        found.filter((_, j) => (expected[j].score ?? 0) > -1e8),
        meaningful,
        name,
      );
    }
  });
});
