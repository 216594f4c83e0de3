/** What `forward` shows of the inside of a vanilla model, computed once more from its weights. */

import { describe, expect, it } from "vitest";
import { Seq2Seq } from "../../src/index";
import { sinusoidalPositions } from "../../src/models/positions";
import { nodeDevices } from "../support/node/devices";
import { readSafetensors } from "../../src/loading/formats/safetensors";
import { toFloat32 } from "../../src/loading/formats/dtypes";
import { openBytes } from "../support/shared/safetensors";
import { tinyCheckpoint, tinyConfig, type TinyFiles } from "../support/shared/tiny";

const input = { input_ids: [[4, 5, 6, 7, 2]], decoder_input_ids: [[1, 8, 9]] };

async function weightsOf(files: TinyFiles): Promise<Map<string, Float32Array>> {
  const weights = new Map<string, Float32Array>();
  const bytes = files["model.safetensors"] as Uint8Array;
  for await (const { name, dtype, data } of readSafetensors(openBytes(bytes), "model.safetensors"))
    weights.set(name, toFloat32(dtype, data.slice()));
  return weights;
}

/** (x - mean) / deviation * weight + bias */
function layerNorm(x: Float32Array, weight: Float32Array, bias: Float32Array): Float32Array {
  const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
  const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
  return x.map((value, i) => ((value - mean) / Math.sqrt(variance + 1e-5)) * weight[i] + bias[i]);
}

describe.each(nodeDevices)("on %s", (device) => {
  it.each([true, false])("the logits after every layer, norm_first %s", async (normFirst) => {
    let files: TinyFiles = {};
    const model = await Seq2Seq.load(
      tinyCheckpoint({ normFirst, layers: 3 }, (made) => (files = made)),
      { device },
    );
    const weights = await weightsOf(files);
    const { width, vocabSize } = tinyConfig();
    const out = await model.forward(input, { output_hidden_states: true, output_layer_logits: true });
    expect(out.layer_logits).toHaveLength(3);
    expect(out.layer_logits!.at(-1)).toEqual(out.logits);
    out.layer_logits!.forEach((logits, layer) => {
      expect(logits.shape).toEqual([1, 3, vocabSize]);
      for (let t = 0; t < 3; t++) {
        const states = out.decoder_hidden_states![layer + 1].data.slice(t * width, (t + 1) * width);
        // The last hidden state has the final norm already, as in transformers.
        const isNormed = layer === 2;
        const [gain, bias] = [weights.get("decoder.norm.weight")!, weights.get("decoder.norm.bias")!];
        const x = isNormed ? states : layerNorm(states, gain, bias);
        for (let v = 0; v < vocabSize; v++) {
          const row = weights.get("src_embed.weight")!.subarray(v * width, (v + 1) * width);
          const expected = row.reduce((sum, value, i) => sum + value * x[i], 0);
          expect(logits.data[t * vocabSize + v]).toBeCloseTo(expected, 4);
        }
      }
    });
    await model.dispose();
  });

  it("the table of positions, queries, keys, values and the feed-forward", async () => {
    let files: TinyFiles = {};
    const model = await Seq2Seq.load(
      tinyCheckpoint({}, (made) => (files = made)),
      { device },
    );
    const weights = await weightsOf(files);
    const { width } = tinyConfig();
    const out = await model.forward(input, { output_hidden_states: true, output_internals: true });
    const { encoder_internals: encoder, decoder_internals: decoder } = out;
    expect(encoder!.positions!.shape).toEqual([64, width]);
    expect(encoder!.positions!.data).toEqual(sinusoidalPositions(64, width));
    expect(decoder!.cross_attention[0].key.shape).toEqual([1, 5, width]);
    const { query, key, value, scale } = encoder!.self_attention[0];
    expect(scale).toBe(1 / Math.sqrt(width / 2));
    const [gain, bias] = ["weight", "bias"].map((part) => weights.get(`encoder.layers.0.norm1.${part}`)!);
    const projection = weights.get("encoder.layers.0.self_attn.in_proj_weight")!;
    const shift = weights.get("encoder.layers.0.self_attn.in_proj_bias")!;
    for (let t = 0; t < 5; t++) {
      const x = layerNorm(out.encoder_hidden_states![0].data.slice(t * width, (t + 1) * width), gain, bias);
      [query, key, value].forEach((tensor, part) => {
        for (let i = 0; i < width; i++) {
          const row = part * width + i;
          const weight = projection.subarray(row * width, (row + 1) * width);
          const expected = weight.reduce((sum, w, j) => sum + w * x[j], shift[row]);
          expect(tensor.data[t * width + i]).toBeCloseTo(expected, 4);
        }
      });
    }
    const [hidden] = decoder!.feed_forward;
    expect(hidden.shape).toEqual([1, 3, 2 * width]);
    expect(Math.min(...hidden.data)).toBe(0); // ReLU
    expect(Math.max(...hidden.data)).toBeGreaterThan(0);
    await model.dispose();
  });
});
