/** Whole models on the CPU with their weights in f16, q8 and q4; test/browser/storage.test.ts has the GPU. */

import { describe, expect, it } from "vitest";
import { Seq2Seq } from "../../src/index";
import { FAMILIES, familyNames, readFamily } from "../support/node/families";
import { failureOf } from "../support/node/failure";
import { VANILLA } from "../support/node/vanilla";
import { runStored } from "../support/shared/stored";
import { tinyCheckpoint, tinyConfig, tinyShapes } from "../support/shared/tiny";

const rootMeanSquare = (values: Float32Array): number =>
  Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);

const ROWS = [
  [4, 5, 6, 7],
  [8, 9],
];
const OPTIONS = { max_new_tokens: 8 };

describe("dtype", () => {
  it("f16 of a checkpoint in f16 is exact", async () => {
    const source = `./${VANILLA}/f16`;
    const f32 = await runStored(source, "cpu", "f32", ROWS, OPTIONS);
    const f16 = await runStored(source, "cpu", "f16", ROWS, OPTIONS);
    expect(f16.logits).toEqual(f32.logits);
    expect(f16.sequences).toEqual(f32.sequences);
    expect(f16.weights).toBeLessThan(f32.weights);
  });

  it("auto is f32", async () => {
    const auto = await runStored(tinyCheckpoint(), "cpu", "auto", ROWS, OPTIONS);
    expect(auto).toEqual(await runStored(tinyCheckpoint(), "cpu", "f32", ROWS, OPTIONS));
    expect(auto).toEqual(await runStored(tinyCheckpoint(), "cpu", undefined, ROWS, OPTIONS));
  });

  it("is smaller and less exact from f32 to q4, with the bytes that its layout says", async () => {
    const config = tinyConfig({ width: 48 });
    const f32 = await runStored(tinyCheckpoint(config), "cpu", "f32", ROWS, OPTIONS);
    const bytes = { f16: 2 * 48, q8: 2 * 36, q4: 2 * 20 }; // of 48 elements
    const errors: number[] = [];
    for (const dtype of ["f16", "q8", "q4"] as const) {
      const model = await Seq2Seq.load(tinyCheckpoint(config), { device: "cpu", dtype });
      const input = { input_ids: ROWS[0], decoder_input_ids: f32.sequences[0].slice(0, -1) };
      const { data } = (await model.forward(input)).logits;
      errors.push(data.reduce((max, x, i) => Math.max(max, Math.abs(x - f32.logits[i])), 0));
      // linear2 has rows of 96 elements, three whole blocks.
      let saved = 0;
      for (const [outer, inner = 0] of tinyShapes(config).values()) {
        if (inner) saved += outer * (4 * inner - (inner === 48 ? bytes[dtype] : { f16: 192, q8: 108, q4: 60 }[dtype]));
      }
      expect(f32.weights - model.memory().weights).toBe(saved);
      await model.dispose();
    }
    expect(errors[0]).toBeGreaterThan(0);
    expect(errors[1]).toBeGreaterThan(4 * errors[0]);
    expect(errors[2]).toBeGreaterThan(4 * errors[1]);
    expect(errors[0]).toBeLessThan(0.05);
  });

  it.each(familyNames)("f16, q8 and q4 of %s are near f32, the nearer the larger", async (name) => {
    const source = `./${FAMILIES}/${name}`;
    const golden = await readFamily(name);
    const row = golden.input_ids[0].filter((_, i) => golden.attention_mask[0][i] === 1);
    const f32 = await runStored(source, "cpu", "f32", [row], OPTIONS);
    let worst = 1;
    for (const dtype of ["q4", "q8", "f16"] as const) {
      const model = await Seq2Seq.load(source, { device: "cpu", dtype });
      const input = { input_ids: row, decoder_input_ids: f32.sequences[0].slice(0, -1) };
      const { data } = (await model.forward(input)).logits;
      const error = rootMeanSquare(data.map((x, i) => x - f32.logits[i])) / rootMeanSquare(f32.logits);
      expect(error).toBeLessThan(worst);
      // Blocks of 32 are longer than the rows of some of these.
      if (dtype === "f16") expect(model.memory().weights).toBeLessThan(f32.weights);
      worst = error;
      await model.dispose();
    }
    expect(worst).toBeLessThan(0.01);
  });

  it("f16 of a checkpoint with too large a weight is refused", async () => {
    const source = tinyCheckpoint({}, (files) => {
      const file = files["model.safetensors"] as Uint8Array<ArrayBuffer>;
      // The last four bytes are the last bias; the weights begin after the header.
      const begin = 8 + Number(new DataView(file.buffer).getBigUint64(0, true));
      new DataView(file.buffer).setFloat32(begin + 4 * 5, 1e5, true);
    });
    const error = await failureOf(() => Seq2Seq.load(source, { device: "cpu", dtype: "f16" }));
    expect(error.code).toBe("invalid_option");
    expect(error.message).toContain('tensor "src_embed.weight" holds 100000 at element 5');
    await (await Seq2Seq.load(source, { device: "cpu", dtype: "q8" })).dispose();
  });
});
