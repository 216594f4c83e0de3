/** Long lists, several calls at a time, time limits and seeds, with a tiny model on the CPU backend. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { GenerationConfig } from "../../src/index";
import { LocalSeq2Seq as Seq2Seq } from "../../src/engine/seq2seq";
import { MAX_ROWS } from "../../src/generation/buckets";
import { tinyCheckpoint } from "../support/shared/tiny";
import { expectClose, generateWith, kinds, rows } from "../support/node/ways";

describe("a tiny model", () => {
  let model: Seq2Seq;
  beforeAll(async () => {
    model = await Seq2Seq.load(tinyCheckpoint(), { device: "cpu", onWarning: () => undefined });
  });
  afterAll(() => model.dispose());

  const generate = (ids: number[][], options: GenerationConfig) => generateWith(model, ids, options);

  const list = (count: number, longest: number) =>
    Array.from({ length: count }, (_, i) =>
      Array.from({ length: 1 + ((i * 7) % longest) }, (_, k) => 4 + ((i * 5 + k * 3) % 14)),
    );

  it.each<GenerationConfig>([
    {},
    { num_beams: 3 },
    { repetition_penalty: 1.2 },
    { do_sample: true, seed: 2, num_return_sequences: 2 },
    { decoder_input_ids: [1, 9, 4] },
    { decoder_input_ids: [1, 9, 4], num_beams: 3 },
    { decoder_input_ids: [1, 9, 4], output_alternatives: 1 },
  ])("a row of a long list gets what it gets alone: %j", async (options) => {
    const many = list(2 * MAX_ROWS + 21, 23);
    const n = options.num_return_sequences ?? 1;
    const { sequences, token_logprobs } = await generate(many, options);
    expect(sequences).toHaveLength(many.length * n);
    expect(new Set(sequences.map(({ length }) => length)).size).toBeGreaterThan(3);
    if (options.do_sample) return;
    for (const i of [0, 1, 22, 63, 64, 80, 127, 128, many.length - 1]) {
      const alone = await generate([many[i]], options);
      expect(alone.sequences[0]).toEqual(sequences[i]);
      expectClose(alone.token_logprobs?.[0], token_logprobs?.[i]);
    }
  });

  it("a long list takes fewer steps than its batches one after the other", async () => {
    const many = list(4 * MAX_ROWS, 8);
    for (const options of [{}, { repetition_penalty: 1.2 }]) {
      const whole = await generate(many, { ...options, max_new_tokens: 30 });
      let apart = 0;
      for (let i = 0; i < many.length; i += MAX_ROWS) {
        const part = await generate(many.slice(i, i + MAX_ROWS), { ...options, max_new_tokens: 30 });
        apart += part.stats.steps;
        expect(part.sequences).toEqual(whole.sequences.slice(i, i + MAX_ROWS));
      }
      expect(whole.stats.steps).toBeLessThan(0.9 * apart);
    }
  });

  it("calls at the same time take turns, and each gets what it gets alone", async () => {
    const alone = await Promise.all(kinds.map(async (options) => (await generate(rows, options)).sequences));
    const order: number[] = [];
    const streams = [0, 1].map(async (call) => {
      for await (const _ of model.stream([5, 6, 7], { max_new_tokens: 8, min_new_tokens: 8 })) order.push(call);
    });
    const together = await Promise.all(kinds.map(async (options) => (await generate(rows, options)).sequences));
    await Promise.all(streams);
    expect(together).toEqual(alone);
    // Neither of the two streams waits for the other to end.
    expect(order.slice(0, 8).filter((call) => call === 0).length).toBeGreaterThan(2);
    expect(order.slice(0, 8).filter((call) => call === 1).length).toBeGreaterThan(2);
  });

  it("a stream that nobody reads is not computed ahead", async () => {
    let asked = 0;
    const allowed = Array.from({ length: 19 }, (_, i) => i);
    const stream = model.stream([5, 6, 7], { min_new_tokens: 9, prefix_allowed_tokens: () => (asked++, allowed) });
    await stream.next();
    await stream.next();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(asked).toBe(2);
    await stream.return();
    expect(asked).toBe(2);
  });

  it("max_time stops at the next token and keeps what is there", async () => {
    for (const options of [{}, { num_beams: 3 }, { do_sample: true, seed: 1 }]) {
      const { sequences, stats } = await generate(rows, { ...options, max_time: 0, min_new_tokens: 5 });
      expect(sequences.map(({ length }) => length)).toEqual([2, 2, 2, 2]);
      expect(stats.steps).toBe(1);
      const whole = await generate(rows, { ...options, max_time: 60 });
      expect(whole.sequences).toEqual((await generate(rows, options)).sequences);
    }
  });

  it("a seed draws the same again, another seed or none something else", async () => {
    const draw = async (seed?: number) =>
      (await generate(rows, { do_sample: true, temperature: 3, top_k: 0, seed, num_return_sequences: 2 })).sequences;
    const first = await draw(5);
    expect(await draw(5)).toEqual(first);
    expect(await draw(6)).not.toEqual(first);
    expect(await draw()).not.toEqual(await draw());
    expect(new Set(first.map(String)).size).toBeGreaterThan(4);
  });
});
