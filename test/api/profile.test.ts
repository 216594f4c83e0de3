/** Where the time goes: what `profile` reports is of this model and this device, and the model works as before. */

import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { Seq2Seq, type PlanTime } from "../../src/index";
import { failureOf } from "../support/node/failure";
import { tinyCheckpoint } from "../support/shared/tiny";
import { tinyWhisper } from "../support/shared/tiny-whisper";

const countOf = ({ operations }: PlanTime, name: string): number =>
  operations.filter(({ operation }) => operation === name).reduce((sum, { count }) => sum + count, 0);

it.each(["cpu", "wasm"] as const)("lists the operations of the encoder and of a step, on %s", async (device) => {
  const model = await Seq2Seq.load(tinyCheckpoint(), { device });
  try {
    const before = await model.generate([4, 5, 6], { max_new_tokens: 8 });
    const { clock, source_length, target_length, encode, step, memory } = await model.profile();
    expect(clock).toBe("wall clock");
    expect([source_length, target_length]).toEqual([32, 32]);
    // Two layers each; a layer of the decoder has two attentions.
    expect([countOf(encode, "attention"), countOf(step, "attention")]).toEqual([2, 4]);
    expect([countOf(encode, "selectGreedy"), countOf(step, "selectGreedy")]).toEqual([0, 1]);
    for (const { ms, operations } of [encode, step]) {
      const times = operations.map((one) => one.ms);
      expect(times).toEqual([...times].sort((a, b) => b - a));
      expect(times.reduce((sum, one) => sum + one, 0) / ms).toBeCloseTo(1, 6);
    }
    // Between a slow phone and any machine there is.
    for (const rate of [memory.copy, memory.product]) {
      expect(rate).toBeGreaterThan(1e7);
      expect(rate).toBeLessThan(1e13);
    }
    const after = await model.generate([4, 5, 6], { max_new_tokens: 8 });
    expect(after.sequences).toEqual(before.sequences);
  } finally {
    await model.dispose();
  }
});

it("takes a model that reads sound, and a signal", async () => {
  const files = await tinyWhisper(
    async (file) => new Uint8Array(await readFile(`test/goldens/speech/whisper/${file}`)),
  );
  const contents = await Promise.all(files.map(async (file) => [file.name, await file.arrayBuffer()] as const));
  const folder = Object.fromEntries(contents);
  const model = await Seq2Seq.load({ read: (path) => folder[path] }, { device: "wasm" });
  const { source_length, encode } = await model.profile();
  expect(source_length).toBeGreaterThan(32);
  expect(countOf(encode, "convolve")).toBe(2);
  const stop = new AbortController();
  const stopped = model.profile({ signal: stop.signal });
  stop.abort(new Error("enough"));
  await expect(stopped).rejects.toThrow("enough");
  expect(await failureOf(() => model.profile({ signal: 5 as never }))).toMatchObject({ code: "invalid_option" });
  expect(await failureOf(() => model.profile({ beams: 4 } as never))).toMatchObject({ code: "unsupported_option" });
  await model.dispose();
  expect(await failureOf(() => model.profile())).toMatchObject({ code: "disposed" });
});
