/** The public class on the CPU backend, with a tiny random checkpoint: results agree with each other, mistakes are told. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Seq2Seq, type GenerateOutput } from "../../src/index";
import { failureOf } from "../support/node/failure";
import { tinyCheckpoint } from "../support/shared/tiny";

const rows = [[4, 5, 6, 7], [8], [9, 10, 11, 12, 13, 14, 15], [16, 4, 17]];
const options = { max_new_tokens: 12, output_scores: true };

describe("a loaded model", () => {
  let model: Seq2Seq;
  let batch: GenerateOutput;
  beforeAll(async () => {
    model = await Seq2Seq.load(tinyCheckpoint(), { device: "cpu" });
    batch = await model.generate(rows, options);
  });
  afterAll(() => model.dispose());

  it("says where it runs", () => {
    expect([model.device, model.adapter, model.tokenizer]).toEqual(["cpu", undefined, undefined]);
    expect(model.memory().weights).toBeGreaterThan(1000);
  });

  it("gives rows that start with the start token and differ", () => {
    expect(batch.sequences.map((row) => row[0])).toEqual([1, 1, 1, 1]);
    expect(new Set(batch.sequences.map(String)).size).toBe(4);
    const ended = batch.sequences.filter((row) => row.at(-1) === 2).length;
    expect([ended > 0, ended < 4]).toEqual([true, true]);
    for (const row of batch.sequences) {
      expect(row.length === 13 || row.at(-1) === 2).toBe(true);
      expect(row.slice(1, -1)).not.toContain(2);
    }
  });

  it("gives a row of a batch what it gives it alone", async () => {
    for (const [i, row] of rows.entries()) {
      const alone = await model.generate(row, options);
      expect(alone.sequences).toEqual([batch.sequences[i]]);
      alone.token_logprobs?.[0].forEach((logprob, t) => {
        expect(Math.abs(logprob - (batch.token_logprobs?.[i][t] ?? NaN))).toBeLessThan(1e-5);
      });
    }
  });

  it("does not mind padding on the right that is masked; without a mask it is read", async () => {
    const padded = [[...rows[0], 0, 0, 0]];
    const mask = [...rows[0].map(() => true), false, false, false];
    expect((await model.generate(padded, { ...options, attention_mask: [mask] })).sequences).toEqual([
      batch.sequences[0],
    ]);
    const ones = { ...options, attention_mask: [mask.map(() => 1)] };
    expect((await model.generate(padded, options)).token_logprobs).toEqual(
      (await model.generate(padded, ones)).token_logprobs,
    );
    const masked = await model.generate([[...rows[0], 9, 9]], { ...options, attention_mask: [[1, 1, 1, 1, 0, 0]] });
    expect(masked.sequences).toEqual([batch.sequences[0]]);
    const seen = await model.generate([[...rows[0], 9, 9]], options);
    expect(seen.token_logprobs).not.toEqual(masked.token_logprobs);
  });

  it("reads a pad token that is an end token, too, as transformers does", async () => {
    const input = [[...rows[0], 0, 0, 0]];
    const end = { ...options, eos_token_id: [2, 0] };
    const inferred = await model.generate(input, end);
    const read = await model.generate(input, { ...end, attention_mask: [[1, 1, 1, 1, 1, 1, 1]] });
    const masked = await model.generate(input, { ...end, attention_mask: [[1, 1, 1, 1, 0, 0, 0]] });
    expect(inferred.token_logprobs).toEqual(read.token_logprobs);
    expect(inferred.token_logprobs).not.toEqual(masked.token_logprobs);
  });

  it("streams what it generates", async () => {
    const streamed = rows.map(() => [1]);
    const logprobs = rows.map((): number[] => []);
    for await (const { row, token, logprob } of model.stream(rows, options)) {
      streamed[row].push(token);
      logprobs[row].push(logprob ?? NaN);
    }
    expect(streamed).toEqual(batch.sequences);
    expect(logprobs).toEqual(batch.token_logprobs);
  });

  it("streams no log-probability that was not asked for", async () => {
    for await (const step of model.stream([4], { max_new_tokens: 2 }))
      expect(Object.keys(step)).toEqual(["row", "token"]);
  });

  it("stops at each of several end tokens", async () => {
    const [, first, second] = batch.sequences[2];
    const stopped = await model.generate(rows[2], { max_new_tokens: 12, eos_token_id: [second, 18] });
    expect(stopped.sequences).toEqual([first === second ? [1, first] : [1, first, second]]);
  });

  it("stops when every row has ended", async () => {
    const lengths = batch.sequences.map((row) => row.length - 1);
    const shortest = lengths.indexOf(Math.min(...lengths));
    const { stats } = await model.generate(rows[shortest], options);
    expect([stats.steps, stats.tokens]).toEqual([lengths[shortest], lengths[shortest]]);
    expect(stats.steps).toBeLessThan(12);
  });

  it("measures in milliseconds, and the old name in seconds says the same", async () => {
    const before = performance.now();
    const { stats } = await model.generate(rows, options);
    const took = performance.now() - before;
    expect(stats.encode_ms).toBeGreaterThan(0);
    expect(stats.time_to_first_token_ms).toBeGreaterThan(stats.encode_ms);
    expect(stats.time_to_first_token_s).toBe(stats.time_to_first_token_ms / 1000);
    expect(stats.decode_ms).toBeGreaterThan(0);
    expect(stats.total_ms).toBeCloseTo(stats.time_to_first_token_ms + stats.decode_ms, 6);
    expect(stats.total_ms).toBeLessThanOrEqual(took);
    const perStep = stats.tokens / stats.steps;
    expect(stats.decode_tokens_per_s).toBeCloseTo((1000 * perStep * (stats.steps - 1)) / stats.decode_ms, 3);
    // Every name of a time says its unit; there is no other than these two.
    const times = Object.keys(stats).filter((name) => /_(m|u|n)?s$/.test(name) && !name.includes("_per_"));
    expect(times.filter((name) => !name.endsWith("_ms"))).toEqual(["time_to_first_token_s"]);
    const { stats: one } = await model.generate(rows[0], { max_new_tokens: 1 });
    expect([one.steps, one.decode_ms, one.decode_tokens_per_s]).toEqual([1, 0, 0]);
  });

  it("takes null for an option that is not given", async () => {
    const nothing = {
      max_new_tokens: 12,
      output_scores: null,
      attention_mask: null,
      signal: null,
    } as unknown as object;
    expect((await model.generate(rows, nothing)).sequences).toEqual(batch.sequences);
    expect((await model.generate([4], null as unknown as undefined)).sequences).toHaveLength(1);
  });

  it("takes 64 rows", async () => {
    const many = Array.from({ length: 64 }, (_, i) => rows[i % 4]);
    const { sequences, stats } = await model.generate(many, options);
    expect(sequences).toEqual(many.map((_, i) => batch.sequences[i % 4]));
    expect(stats.tokens).toBe(sequences.reduce((sum, row) => sum + row.length - 1, 0));
  });

  it("runs calls at the same time as one after the other", async () => {
    const all = await Promise.all(rows.map((row) => model.generate(row, options)));
    expect(all.map(({ sequences }) => sequences[0])).toEqual(batch.sequences);
  });

  it("holds no more after fifty generations than after one", async () => {
    await model.generate(rows[0], { max_new_tokens: 3 });
    const before = model.memory();
    for (let i = 0; i < 50; i++) await model.generate(rows[0], { max_new_tokens: 3 });
    expect(model.memory()).toEqual(before);
  });

  it("rejects with the signal's reason when aborted, and works afterwards", async () => {
    const reason = new Error("enough");
    await expect(model.generate(rows, { ...options, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const running = model.generate(rows, { ...options, signal: controller.signal });
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect((await model.generate(rows, options)).sequences).toEqual(batch.sequences);
  });

  it("stops when the loop over its stream is left", async () => {
    for await (const step of model.stream(rows, options)) if (step) break;
    expect((await model.generate(rows, options)).sequences).toEqual(batch.sequences);
  });

  it.each([
    ["no ids", () => model.generate([]), "invalid_input"],
    ["an id out of range", () => model.generate([19]), "invalid_input"],
    ["an input over the maximum length", () => model.generate(new Array<number>(65).fill(4)), "invalid_input"],
    ["an unknown option", () => model.generate([4], { max_tokens: 3 } as object), "unsupported_option"],
    ["options that are a list", () => model.generate([4], [3] as object), "invalid_option"],
    ["a signal that is none", () => model.generate([4], { signal: "x" } as object), "invalid_option"],
    ["ids and rows mixed", () => model.generate([1, [2]] as never), "invalid_input"],
    ["bigints", () => model.generate(BigInt64Array.of(1n) as never), "invalid_input"],
    [
      "an option of forward of another type",
      () => model.forward({ input_ids: [4], decoder_input_ids: [1] }, { output_attentions: "yes" } as object),
      "invalid_option",
    ],
    [
      "groups of beams without a penalty",
      () => model.generate([4], { num_beams: 4, num_beam_groups: 2 }),
      "invalid_option",
    ],
    ["attention of a stream", () => model.stream([4], { output_attentions: true }).next(), "unsupported_option"],
    ["decoder ids out of range", () => model.forward({ input_ids: [4], decoder_input_ids: [99] }), "invalid_input"],
    ["fewer decoder rows", () => model.forward({ input_ids: [[4], [5]], decoder_input_ids: [[1]] }), "invalid_input"],
    [
      "an unknown input",
      () => model.forward({ input_ids: [4], decoder_input_ids: [1], labels: [1] } as never),
      "unsupported_option",
    ],
  ])("refuses %s", async (_name, call, code) => {
    expect((await failureOf(call)).code).toBe(code);
  });
});

describe("after dispose", () => {
  it("a stream that is paused does not hold it up", async () => {
    const model = await Seq2Seq.load(tinyCheckpoint(), { device: "cpu" });
    const error = await failureOf(async () => {
      for await (const step of model.stream(rows, options)) if (step) await model.dispose();
    });
    expect(error.code).toBe("disposed");
    const other = await Seq2Seq.load(tinyCheckpoint(), { device: "cpu" });
    await other.stream(rows, options).next();
    await other.dispose();
  });

  it("in the same task, a call that had a session waiting says so", async () => {
    const model = await Seq2Seq.load(tinyCheckpoint(), { device: "cpu" });
    await model.generate([4], options);
    const running = failureOf(() => model.generate([4], options));
    const stop = model.dispose();
    expect((await running).code).toBe("disposed");
    await stop;
  });

  it("nothing is held and every call says so", async () => {
    const model = await Seq2Seq.load(tinyCheckpoint(), { device: "cpu" });
    const running = failureOf(() => model.generate(rows, options));
    await model.dispose();
    await model.dispose();
    expect((await running).code).toBe("disposed");
    expect(model.memory()).toEqual({ weights: 0, cache: 0, activations: 0, staging: 0 });
    for (const call of [
      () => model.generate([4]),
      () => model.stream([4]).next(),
      () => model.forward({ input_ids: [4], decoder_input_ids: [1] }),
    ]) {
      expect((await failureOf(call)).code).toBe("disposed");
    }
  });
});
