/** Loading a tiny checkpoint: what is wrong with its files or with the options is told, progress and aborts arrive. */

import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { Seq2Seq, type LoadOptions } from "../../src/index";
import { failureOf } from "../support/node/failure";
import { tinyCheckpoint, tinyConfig, tinyFields, type TinyFiles } from "../support/shared/tiny";

/** config.json of the tiny checkpoint with some fields changed. */
const withFields = (fields: object): string => JSON.stringify({ ...tinyFields(tinyConfig()), ...fields });

describe("loading", () => {
  const load = (change?: (files: TinyFiles) => void, given: LoadOptions = {}) =>
    Seq2Seq.load(tinyCheckpoint({}, change), { device: "cpu", ...given });

  it.each<[string, (files: TinyFiles) => void, string, string]>([
    ["no config.json", (f) => delete f["config.json"], "file_not_found", "config.json"],
    ["no weights", (f) => delete f["model.safetensors"], "file_not_found", "model.safetensors"],
    ["a config.json that is no JSON", (f) => (f["config.json"] = "{"), "invalid_config", "config.json"],
    ["a config.json that is a list", (f) => (f["config.json"] = "[]"), "invalid_config", "config.json"],
    [
      "a config.json of another model",
      (f) => (f["config.json"] = '{"model_type":"gpt2"}'),
      "unsupported_model",
      "gpt2",
    ],
    [
      "more layers than the weights have",
      (f) => (f["config.json"] = (f["config.json"] as string).replace('layers":2', 'layers":3')),
      "missing_tensor",
      "encoder.layers.2",
    ],
    [
      "fewer layers than the weights have",
      (f) => (f["config.json"] = (f["config.json"] as string).replace('layers":2', 'layers":1')),
      "unexpected_tensor",
      "encoder.layers.1",
    ],
    [
      "another width of the feed-forward",
      (f) => (f["config.json"] = (f["config.json"] as string).replace('feedforward":32', 'feedforward":33')),
      "wrong_shape",
      "linear1",
    ],
    [
      "weights that are cut off",
      (f) => (f["model.safetensors"] = (f["model.safetensors"] as Uint8Array).slice(0, -5)),
      "invalid_weights",
      "truncated",
    ],
    [
      "a wrong generation option",
      (f) => (f["generation_config.json"] = '{"max_length":"x"}'),
      "invalid_option",
      "max_length",
    ],
    [
      "a vocabulary beyond all memory",
      (f) => (f["config.json"] = withFields({ src_vocab_size: 1e7 })),
      "missing_tensor",
      "tgt_embed",
    ],
    [
      "a model beyond all memory",
      (f) => (f["config.json"] = withFields({ d_model: 65536 })),
      "wrong_shape",
      "src_embed",
    ],
    [
      "more layers than any model has",
      (f) => (f["config.json"] = withFields({ num_encoder_layers: 1e6 })),
      "invalid_config",
      "512",
    ],
    [
      "a generation option that is not implemented",
      (f) => (f["generation_config.json"] = '{"guidance_scale":2}'),
      "unsupported_option",
      "guidance_scale",
    ],
  ])("%s", async (_name, change, code, named) => {
    const error = await failureOf(() => load(change));
    expect(error.code).toBe(code);
    expect(error.message).toContain(named);
  });

  it.each([
    [{ device: "gpu" }, "invalid_option"],
    [{ dtype: "int8" }, "invalid_option"],
    [{ dtype: "q8", arithmetic: "q8" }, "invalid_option"],
    [{ arithmetic: "int8" }, "invalid_option"],
    [{ dtype: "q4", arithmetic: "int8" }, "invalid_option"],
    [{ worker: "yes" }, "invalid_option"],
    [{ threads: 0 }, "invalid_option"],
    [{ threads: 2.5 }, "invalid_option"],
    [{ threads: 65 }, "invalid_option"],
    [{ threads: "2" }, "invalid_option"],
    [{ quantized: true }, "unsupported_option"],
    [{ onProgress: "yes" }, "invalid_option"],
    [{ signal: {} }, "invalid_option"],
  ])("with %j is refused", async (given, code) => {
    expect((await failureOf(() => load(undefined, given as LoadOptions))).code).toBe(code);
  });

  it("computes q8 products in int8 only where asked to, the same on both devices", async () => {
    const logits = async (options: LoadOptions): Promise<Float32Array> => {
      const model = await load(undefined, { dtype: "q8", ...options });
      const { logits } = await model.forward({ input_ids: [3, 4, 5], decoder_input_ids: [1, 3, 4] });
      await model.dispose();
      return logits.data;
    };
    const largest = (a: Float32Array, b: Float32Array): number => Math.max(...a.map((x, i) => Math.abs(x - b[i])));
    const [exact, cpu] = [await logits({ device: "cpu" }), await logits({ device: "cpu", arithmetic: "int8" })];
    expect(largest(await logits({ device: "cpu", arithmetic: "f32" }), exact)).toBe(0);
    expect(largest(await logits({ device: "wasm" }), exact)).toBeLessThan(1e-5);
    expect(largest(await logits({ device: "wasm", arithmetic: "int8" }), cpu)).toBeLessThan(1e-5);
    expect(largest(cpu, exact)).toBeGreaterThan(1e-4);
  });

  it("tells its progress", async () => {
    const events: string[] = [];
    let weights = 0;
    const model = await load(undefined, {
      onProgress: ({ phase, file, loaded, total }) => {
        events.push(`${phase} ${file}`);
        if (file !== "model.safetensors") return;
        expect(loaded).toBeGreaterThanOrEqual(weights);
        weights = loaded;
        expect(total ?? loaded).toBeGreaterThanOrEqual(loaded);
      },
    });
    await model.dispose();
    expect(weights).toBeGreaterThan(1000);
    expect(events[0]).toBe("download config.json");
    expect(events.at(-1)).toBe("compile shaders");
  });

  it("stops when aborted, before and within", async () => {
    const reason = new Error("enough");
    await expect(load(undefined, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const onProgress = ({ file }: { file: string }): void => {
      if (file === "model.safetensors") controller.abort(reason);
    };
    await expect(load(undefined, { signal: controller.signal, onProgress })).rejects.toBe(reason);
  });

  it("listens to a signal a few times at most, however many files it reads, and no longer than the load", async () => {
    const { signal } = new AbortController();
    const listeners = (): number => getEventListeners(signal, "abort").length;
    let most = 0;
    signal.addEventListener = (...given: Parameters<EventTarget["addEventListener"]>): void => {
      EventTarget.prototype.addEventListener.apply(signal, given);
      most = Math.max(most, listeners());
    };
    const model = await load(undefined, { signal });
    expect(most).toBeGreaterThan(0);
    // Node warns of a leak where there are eleven.
    expect(most).toBeLessThanOrEqual(3);
    expect(listeners()).toBe(0);
    await model.dispose();
  });
});
