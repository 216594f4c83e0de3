/** Attentions, hidden states and logits of the public class on the CPU backend: shapes, sums, and generate against forward. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Seq2Seq, type GenerateOutput } from "../../src/index";
import { tinyCheckpoint } from "../support/shared/tiny";

const rows = [[4, 5, 6, 7], [8], [9, 10, 11, 12, 13, 14, 15], [16, 4, 17]];

describe("a loaded model", () => {
  let model: Seq2Seq;
  let batch: GenerateOutput;
  beforeAll(async () => {
    model = await Seq2Seq.load(tinyCheckpoint(), { device: "cpu" });
    batch = await model.generate(rows, { max_new_tokens: 12, output_scores: true });
  });
  afterAll(() => model.dispose());

  it("gives with a cache what a teacher-forced pass gives without", async () => {
    for (const [i, row] of rows.entries()) {
      const sequence = batch.sequences[i];
      const { logits } = await model.forward({ input_ids: row, decoder_input_ids: sequence.slice(0, -1) });
      const [, steps, vocab] = logits.shape;
      expect(steps).toBe(sequence.length - 1);
      for (let t = 0; t < steps; t++) {
        const step = Array.from(logits.data.subarray(t * vocab, (t + 1) * vocab));
        const highest = Math.max(...step);
        expect(step.indexOf(highest)).toBe(sequence[t + 1]);
        const logprob = -Math.log(step.reduce((sum, x) => sum + Math.exp(x - highest), 0));
        expect(Math.abs(logprob - (batch.token_logprobs?.[i][t] ?? NaN))).toBeLessThan(1e-5);
      }
    }
  });

  it("gives attention that adds up to one, of the shape that is documented, with the same ids", async () => {
    const { sequences, cross_attentions } = await model.generate(rows, { max_new_tokens: 12, output_attentions: true });
    expect(sequences).toEqual(batch.sequences);
    expect(cross_attentions?.map((row) => row.length)).toEqual(sequences.map((row) => row.length - 1));
    cross_attentions?.forEach((steps, row) => {
      for (const layers of steps) {
        expect(layers).toHaveLength(2);
        for (const weights of layers) {
          const source = rows[row].length;
          expect(weights).toHaveLength(2 * source);
          for (const head of [0, 1]) {
            const sum = weights.subarray(head * source, (head + 1) * source).reduce((a, b) => a + b, 0);
            expect(Math.abs(sum - 1)).toBeLessThan(1e-5);
          }
        }
      }
    });
  });

  it("gives the tensors of a forward pass under the same names and in the same type, cut by step", async () => {
    const [row] = rows;
    const out = await model.generate(row, { max_new_tokens: 12, output_attentions: true, output_hidden_states: true });
    const input = { input_ids: row, decoder_input_ids: out.sequences[0].slice(0, -1) };
    const pass = await model.forward(input, { output_attentions: true, output_hidden_states: true });
    for (const [layer, whole] of (pass.cross_attentions ?? []).entries()) {
      const [, heads, steps, source] = whole.shape;
      expect(out.cross_attentions?.[0]).toHaveLength(steps);
      out.cross_attentions?.[0].forEach((layers, t) => {
        const step = layers[layer];
        expect(step).toBeInstanceOf(Float32Array);
        expect(step.constructor).toBe(whole.constructor);
        expect(step.shape).toEqual([heads, source]);
        expect(step.data).toEqual(new Float32Array(step));
        for (let h = 0; h < heads; h++) {
          const expected = whole.data.subarray((h * steps + t) * source, (h * steps + t + 1) * source);
          expect(step.subarray(h * source, (h + 1) * source)).toEqual(expected);
        }
      });
    }
    expect(out.encoder_hidden_states?.[0].map(({ shape }) => [1, ...shape])).toEqual(
      pass.encoder_hidden_states?.map(({ shape }) => shape),
    );
    expect(out.encoder_hidden_states?.[0][0].data).toEqual(pass.encoder_hidden_states?.[0].data);
  });

  it("gives attentions and hidden states of a forward pass by layer", async () => {
    const input = {
      input_ids: [
        [4, 5, 6],
        [7, 8, 9],
      ],
      decoder_input_ids: [
        [1, 4],
        [1, 5],
      ],
    };
    const plain = await model.forward(input);
    const all = await model.forward(input, { output_attentions: true, output_hidden_states: true });
    expect(all.logits).toEqual(plain.logits);
    expect(plain.logits.shape).toEqual([2, 2, 19]);
    expect([plain.cross_attentions, plain.decoder_hidden_states]).toEqual([undefined, undefined]);
    const shapes = (tensors: { shape: number[] }[] | undefined) => tensors?.map(({ shape }) => shape);
    expect(shapes(all.encoder_attentions)).toEqual([
      [2, 2, 3, 3],
      [2, 2, 3, 3],
    ]);
    expect(shapes(all.decoder_attentions)).toEqual([
      [2, 2, 2, 2],
      [2, 2, 2, 2],
    ]);
    expect(shapes(all.cross_attentions)).toEqual([
      [2, 2, 2, 3],
      [2, 2, 2, 3],
    ]);
    expect(shapes(all.encoder_hidden_states)).toEqual([
      [2, 3, 16],
      [2, 3, 16],
      [2, 3, 16],
    ]);
    expect(shapes(all.decoder_hidden_states)).toEqual([
      [2, 2, 16],
      [2, 2, 16],
      [2, 2, 16],
    ]);
    // The future has no weight.
    expect(all.decoder_attentions?.[0].data[1]).toBe(0);
  });
});
