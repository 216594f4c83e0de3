/** The tokenizer of a model: where its answers come from. */

import { expect, test } from "vitest";
import { Seq2Seq } from "../../src/index";

const SOURCE = "./demo/public/models/en-fr";

test("answers at once where the model runs in this thread", async () => {
  await using model = await Seq2Seq.load(SOURCE, { device: "cpu", worker: false });
  const ids = model.tokenizer!.encode("A cat.");
  expect(Array.isArray(ids)).toBe(true);
  const text = model.tokenizer!.decode(ids as number[]);
  expect(text).toBe("A cat.");
  expect(() => model.tokenizer!.decode([[1]] as never)).toThrow("token id 0 is [1], not an integer");
});

test("its answers can be awaited wherever it runs", async () => {
  await using model = await Seq2Seq.load(SOURCE, { device: "cpu" });
  const ids = await model.tokenizer!.encode("A cat.");
  expect(await model.tokenizer!.decode(ids)).toBe("A cat.");
});
