/** Sampling and constraints on the device, with a tiny model, against the same options in JavaScript; and which way is taken. */

import { afterAll, beforeAll, expect, it } from "vitest";
import type { GenerationConfig } from "../../src/index";
import { LocalSeq2Seq as Seq2Seq } from "../../src/engine/seq2seq";
import { keepPace, opsOf } from "../support/shared/ops-of";
import { tinyCheckpoint } from "../support/shared/tiny";

const rows = [[4, 5, 6, 7], [8], [9, 10, 11, 12, 13, 14, 15], [16, 4, 17]];

let model: Seq2Seq;
/** With more tokens than the device looks at, and three steps in flight, as on a GPU. */
let large: Seq2Seq;
beforeAll(async () => {
  const load = (config = {}) => Seq2Seq.load(tinyCheckpoint(config), { device: "cpu", onWarning: () => undefined });
  [model, large] = await Promise.all([load(), load({ vocabSize: 150 })]);
  keepPace(large, 3);
});
afterAll(() => Promise.all([model.dispose(), large.dispose()]));

/** `decoder_input_ids` is one list here, for all rows. */
const given = (options: GenerationConfig): GenerationConfig => {
  const prompt = options.decoder_input_ids as number[] | undefined;
  return { max_new_tokens: 10, output_scores: true, ...options, decoder_input_ids: prompt && rows.map(() => prompt) };
};

/** Alternatives need the scores in JavaScript. */
async function bothWays(options: GenerationConfig, model: Seq2Seq) {
  const device = await model.generate(rows, given(options));
  const script = await model.generate(rows, { ...given(options), output_alternatives: 1 });
  expect([device.stats.chosen_on, script.stats.chosen_on]).toEqual(["device", "javascript"]);
  expect(script.sequences).toEqual(device.sequences);
  const expected = device.token_logprobs?.flat() ?? [];
  script.token_logprobs?.flat().forEach((logprob, i) => expect(Math.abs(logprob - expected[i])).toBeLessThan(1e-4));
  return { device, script };
}

it.each<GenerationConfig>([
  {},
  { num_return_sequences: 3, temperature: 1.4, top_p: 0.9 },
  { decoder_input_ids: [1, 7, 9], repetition_penalty: 1.3, typical_p: 0.8 },
  { num_return_sequences: 2, eos_token_id: [2, 5, 9], min_new_tokens: 3, top_h: 0.7, top_k: 0 },
])("sampling on the device = sampling in JavaScript: %j", async (options) => {
  await bothWays({ do_sample: true, seed: 9, ...options }, model);
});

it.each<[drawn: "all" | "some" | "none", GenerationConfig]>([
  ["none", { top_p: 0.3 }],
  ["some", { top_p: 0.95, num_return_sequences: 3 }],
  ["some", { typical_p: 0.8, temperature: 1.2, repetition_penalty: 1.1 }],
  ["all", { top_p: 0.999, decoder_input_ids: [1, 7, 9], eos_token_id: [2, 5, 9] }],
  ["none", { min_p: 0.3, constraint: [9, 17] }],
])("without top_k JavaScript draws %s of the tokens: %j", async (drawn, options) => {
  const { device } = await bothWays({ do_sample: true, seed: 4, top_k: 0, ...options }, large);
  const { tokens, tokens_drawn_late } = device.stats;
  expect(tokens_drawn_late === 0 ? "none" : tokens_drawn_late === tokens ? "all" : "some").toBe(drawn);
});

it("where all tokens are drawn late, a token takes one read-back, not two", async () => {
  const ops = opsOf(large);
  const { submit } = ops;
  let readBacks = 0;
  ops.submit = (plans, read) => {
    if (read?.length) readBacks++;
    return submit(plans, read);
  };
  try {
    const options = { do_sample: true, seed: 4, top_k: 0, top_p: 0.999, eos_token_id: [2, 5, 9] };
    const { stats } = await large.generate([rows[0]], { max_new_tokens: 10, ...options });
    expect(stats.tokens_drawn_late).toBe(stats.tokens);
    expect(stats.tokens).toBe(10);
    // Three steps were in flight when the first token was found to be undecided, and its logits were not read with it.
    expect(readBacks).toBe(stats.tokens + 3);
  } finally {
    ops.submit = submit;
  }
});

it.each<[steps: number, GenerationConfig]>([
  [3, { constraint: [9, 17, 4] }],
  [2, { constraint: rows.map((_, i) => [9, 4 + i]) }],
  [3, { constraint: [9, 17], forced_bos_token_id: 13 }],
  [3, { constraint: [8, 8, 8], repetition_penalty: 1.3, no_repeat_ngram_size: 2, min_new_tokens: 6 }],
  [2, { constraint: [9, 12], decoder_input_ids: [1, 7, 9], begin_suppress_tokens: [4, 5], forced_eos_token_id: 2 }],
  [3, { constraint: [9, 17, 4], do_sample: true, seed: 3, num_return_sequences: 3, top_p: 0.9 }],
])("a constraint saves %i steps and changes nothing: %j", async (saved, options) => {
  const { device, script } = await bothWays(options, model);
  expect(device.stats.steps).toBe(script.stats.steps - saved);
  const streamed = device.sequences.map((): number[] => []);
  for await (const { row, token } of model.stream(rows, given(options))) streamed[row].push(token);
  const promptLength = options.decoder_input_ids ? 3 : 1;
  expect(streamed).toEqual(device.sequences.map((tokens) => tokens.slice(promptLength)));
});

it.each<[GenerationConfig, string]>([
  [{ constraint: [9, 2] }, "javascript"], // the end token
  [{ constraint: [9, 17], suppress_tokens: [17] }, "javascript"],
  [{ constraint: rows.map((row) => row.slice(0, 2)) }, "javascript"], // of different lengths
  [{ constraint: [9, 17, 4, 5, 6, 7, 8, 9, 10, 11] }, "javascript"], // nothing is left to choose
  [{ constraint: [9], num_beams: 2 }, "javascript"],
  [{}, "device"],
  [{ num_beams: 3 }, "device"],
  [{ do_sample: true }, "device"],
  [{ do_sample: true, top_k: 0 }, "javascript"],
  [{ do_sample: true, top_k: 0, top_p: 0.5 }, "device"],
  [{ do_sample: true, num_beams: 2 }, "javascript"],
  [{ prefix_allowed_tokens: () => [4, 5] }, "javascript"],
])("%j is chosen on the %s, and stats say so", async (options, place) => {
  expect((await model.generate(rows, given(options))).stats.chosen_on).toBe(place);
});
