/** Every way of generating with a tiny model on the CPU backend: results agree with each other. */

import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { GenerationConfig, HostTensor } from "../../src/index";
import { LocalSeq2Seq as Seq2Seq } from "../../src/engine/seq2seq";
import { opsOf } from "../support/shared/ops-of";
import { tinyCheckpoint } from "../support/shared/tiny";
import { expectClose, generateWith, kinds, named, readsSource, rows, samples } from "../support/node/ways";

describe("a tiny model", () => {
  let model: Seq2Seq;
  beforeAll(async () => {
    model = await Seq2Seq.load(tinyCheckpoint(), { device: "cpu", onWarning: () => undefined });
  });
  afterAll(() => model.dispose());

  const generate = (ids: number[][], options: GenerationConfig) => generateWith(model, ids, options);

  it.each(named.filter(({ options }) => !samples(options)))("batch = single: $name", async ({ options }) => {
    const batch = await generate(rows, options);
    const n = options.num_return_sequences ?? 1;
    for (const [i, row] of rows.entries()) {
      const prefix = options.prefix_allowed_tokens;
      const alone = await generate(
        [row],
        prefix ? { ...options, prefix_allowed_tokens: (_, ids) => prefix(i, ids) } : options,
      );
      expect(alone.sequences).toEqual(batch.sequences.slice(i * n, (i + 1) * n));
      expectClose(alone.sequences_scores, batch.sequences_scores?.slice(i * n, (i + 1) * n));
      alone.token_logprobs?.forEach((logprobs, j) => expectClose(logprobs, batch.token_logprobs?.[i * n + j]));
    }
  });

  it.each(named.filter(({ options }) => !readsSource(options)))(
    "padding on the right changes nothing: $name",
    async ({ options }) => {
      const plain = await generate(rows, options);
      const longest = 9;
      const padded = rows.map((row) => [...row, ...new Array<number>(longest - row.length).fill(0)]);
      const mask = padded.map((row, i) => row.map((_, j) => (j < rows[i].length ? 1 : 0)));
      const other = await generate(padded, { ...options, attention_mask: mask });
      expect(other.sequences).toEqual(plain.sequences);
      expectClose(other.sequences_scores, plain.sequences_scores);
    },
  );

  it.each(named)("the order of the rows changes nothing, or only the draws: $name", async ({ options }) => {
    const first = await generate(rows, options);
    expect((await generate(rows, options)).sequences).toEqual(first.sequences);
    if (samples(options)) return;
    const n = options.num_return_sequences ?? 1;
    const byRow = options.prefix_allowed_tokens;
    if (byRow) return;
    const turned = await generate([...rows].reverse(), options);
    for (let i = 0; i < rows.length; i++) {
      const at = rows.length - 1 - i;
      expect(turned.sequences.slice(at * n, (at + 1) * n)).toEqual(first.sequences.slice(i * n, (i + 1) * n));
    }
  });

  it.each([{}, { repetition_penalty: 3 }, { num_beams: 3 }, { num_beams: 3, no_repeat_ngram_size: 1 }])(
    "prompts of one token that is not the start token of every row: %j",
    async (options) => {
      const given = { max_new_tokens: 10, ...options };
      const both = await model.generate([rows[0], rows[0]], { ...given, decoder_input_ids: [[1], [7]] });
      const first = await model.generate(rows[0], given);
      const second = await model.generate(rows[0], { ...given, decoder_start_token_id: 7 });
      expect(both.sequences).toEqual([...first.sequences, ...second.sequences]);
      expect(second.sequences[0].slice(1)).not.toEqual(first.sequences[0].slice(1));
    },
  );

  it.each(named)("stream = generate: $name", async ({ options }) => {
    const { sequences, token_logprobs, sequences_scores } = await generate(rows, options);
    const prompt = (options.decoder_input_ids as number[] | undefined) ?? [1];
    const streamed = sequences.map(() => [...prompt]);
    const logprobs = sequences.map((): number[] => []);
    const decoder_input_ids = options.decoder_input_ids && rows.map(() => prompt);
    const given = { max_new_tokens: 10, output_scores: true, ...options, decoder_input_ids };
    const stream = model.stream(rows, given);
    let next = await stream.next();
    for (; !next.done; next = await stream.next()) {
      const { row, token, logprob } = next.value;
      streamed[row].push(token);
      logprobs[row].push(logprob ?? NaN);
    }
    const whole = next.value!;
    expect(whole.sequences).toEqual(sequences);
    expect(whole.token_logprobs).toEqual(token_logprobs);
    expect(whole.sequences_scores).toEqual(sequences_scores);
    expect(whole.stats.tokens).toBe(sequences.reduce((sum, { length }) => sum + length - prompt.length, 0));
    const perRow = sequences.length / rows.length;
    if ((options.num_beams ?? 1) > 1 && perRow > 1) {
      // Of each row the best one.
      expect(streamed.filter((_, i) => i % perRow === 0)).toEqual(sequences.filter((_, i) => i % perRow === 0));
      return;
    }
    expect(streamed).toEqual(sequences);
    logprobs.forEach((row, i) => expectClose(row, token_logprobs?.[i]));
  });

  it.each([{ num_beams: 2 }, { num_beams: 3, output_alternatives: 1 }])(
    "a stream of beams tells tokens before its end, and takes none back: %j",
    async (options) => {
      const ids = [9, 10, 11, 12, 13, 14, 15];
      const given = { ...options, max_new_tokens: 30 };
      const { sequences } = await generate([ids], given);
      const ops = opsOf(model);
      const submit = vi.spyOn(ops, "submit");
      const emitted: number[] = [];
      let before = 0;
      for await (const { token } of model.stream([ids], given)) {
        before ||= submit.mock.calls.length;
        emitted.push(token);
      }
      const all = submit.mock.calls.length;
      submit.mockRestore();
      expect([1, ...emitted]).toEqual(sequences[0]);
      expect(before).toBeLessThan(all - 3);
    },
  );

  it.each(named)("abort, then generate = generate: $name", async ({ options }) => {
    const before = await generate(rows, options);
    const memory = model.memory();
    const controller = new AbortController();
    const ops = opsOf(model);
    const computed = ops.submit.bind(ops);
    let submits = 0;
    const submit = vi.spyOn(ops, "submit").mockImplementation((...args) => {
      if (++submits === 4) controller.abort(new Error("enough"));
      return computed(...args);
    });
    await expect(generate(rows, { ...options, signal: controller.signal })).rejects.toThrow("enough");
    submit.mockRestore();
    expect(submits).toBeLessThanOrEqual(5); // within one submit
    expect(model.memory()).toEqual(memory);
    expect((await generate(rows, options)).sequences).toEqual(before.sequences);
  });

  it.each(named)("cache = no cache: $name", async ({ options }) => {
    // What was chosen step by step with caches, and beams that changed places in them, is what a whole pass scores.
    const plain = { ...options, output_scores: true };
    const rules = Object.keys(plain).some((name) => /penalty|ngram|bad_words|prefix|top_|temperature|min_/.test(name));
    const { sequences, token_logprobs } = await generate(rows, plain);
    if (rules) return;
    const n = options.num_return_sequences ?? 1;
    for (const [i, sequence] of sequences.entries()) {
      const source = rows[Math.floor(i / n)];
      const { logits } = await model.forward({ input_ids: source, decoder_input_ids: sequence.slice(0, -1) });
      const vocab = logits.shape[2];
      const logprobs = token_logprobs?.[i] ?? [];
      const prompt = sequence.length - logprobs.length; // tokens that were given
      logprobs.forEach((logprob, step) => {
        const t = prompt - 1 + step;
        const scores = Array.from(logits.data.subarray(t * vocab, (t + 1) * vocab));
        const highest = Math.max(...scores);
        const norm = highest + Math.log(scores.reduce((sum, x) => sum + Math.exp(x - highest), 0));
        expect(Math.abs(scores[sequence[t + 1]] - norm - logprob)).toBeLessThan(1e-4);
      });
    }
  });

  it("beams of one are greedy search, on every path", async () => {
    const plain = await generate(rows, {});
    const others: GenerationConfig[] = [
      { num_beams: 1 },
      { renormalize_logits: true },
      { output_alternatives: 2 },
      { do_sample: true, top_k: 1 },
      { prefix_allowed_tokens: () => Array.from({ length: 19 }, (_, i) => i) },
    ];
    for (const options of others) {
      const other = await generate(rows, options);
      expect(other.sequences).toEqual(plain.sequences);
      if (options.top_k) continue; // one token left: probability 1
      other.token_logprobs?.forEach((logprobs, i) => expectClose(logprobs, plain.token_logprobs?.[i]));
    }
  });

  it.each([
    { num_beams: 2 },
    { num_beams: 3, num_return_sequences: 3 },
    { num_beams: 4, early_stopping: true, length_penalty: 0.3 },
    { num_beams: 4, early_stopping: "never" as const, length_penalty: 1.7, eos_token_id: [2, 5, 9] },
    { num_beams: 7, length_penalty: -0.5, max_new_tokens: 1 },
    { num_beams: 2, renormalize_logits: true },
  ])("beams on the device = beams in JavaScript: %j", async (options) => {
    const device = await generate(rows, options);
    // Alternatives need the scores in JavaScript.
    const script = await generate(rows, { ...options, output_alternatives: 1 });
    expect(script.sequences).toEqual(device.sequences);
    expectClose(script.sequences_scores, device.sequences_scores);
    script.token_logprobs?.forEach((logprobs, i) => expectClose(logprobs, device.token_logprobs?.[i]));
  });

  it("asking for more does not change the ids", async () => {
    for (const options of kinds) {
      const plain = await generate(rows, options);
      const all = await generate(rows, {
        ...options,
        output_attentions: true,
        output_hidden_states: true,
        output_alternatives: 3,
      });
      expect(all.sequences).toEqual(plain.sequences);
      const n = options.num_return_sequences ?? 1;
      expect(all.encoder_attentions).toHaveLength(rows.length);
      expect(all.encoder_hidden_states?.map((layers) => layers.map(({ shape }) => shape))).toEqual(
        rows.map(({ length: s }) => [
          [s, 16],
          [s, 16],
          [s, 16],
        ]),
      );
      expect(all.encoder_attentions?.map((layers) => layers.map(({ shape }) => shape))).toEqual(
        rows.map(({ length: s }) => [
          [2, s, s],
          [2, s, s],
        ]),
      );
      all.sequences.forEach((sequence, i) => {
        const source = rows[Math.floor(i / n)].length;
        const steps = sequence.length - 1;
        const shapes = (tensors: HostTensor[][] | undefined) =>
          tensors?.map((layers) =>
            layers.map(({ shape, length }) => {
              expect(length).toBe(shape.reduce((product, n) => product * n, 1));
              return shape.join();
            }),
          );
        const eachStep = (shape: (t: number) => string[]) => Array.from({ length: steps }, (_, t) => shape(t));
        expect(shapes(all.cross_attentions?.[i])).toEqual(eachStep(() => [`2,${source}`, `2,${source}`]));
        expect(shapes(all.decoder_attentions?.[i])).toEqual(eachStep((t) => [`2,${t + 1}`, `2,${t + 1}`]));
        expect(shapes(all.decoder_hidden_states?.[i])).toEqual(eachStep(() => ["16", "16", "16"]));
        all.decoder_attentions?.[i].flat().forEach((weights, at) => {
          const keys = Math.floor(at / 2) + 1;
          expect(weights.slice(0, keys).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
        });
        expect(all.alternatives?.[i]).toHaveLength(all.token_logprobs?.[i].length ?? -1);
      });
    }
  });
});
