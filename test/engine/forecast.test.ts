/** What `checkSupport` says of a model is what `load` then does. */

import { describe, expect, it } from "vitest";
import { checkSupport, Seq2Seq, type LoadOptions } from "../../src/index";
import { serveFaults } from "../support/node/fault-server";
import { tinyCheckpoint, tinyConfig, tinyFields, type TinyFiles } from "../support/shared/tiny";

/** A checkpoint in F16. */
const HALVES = "demo/public/models/en-fr";

describe("checkSupport on Node", () => {
  it("says what there is", async () => {
    const support = await checkSupport();
    expect(support).toEqual({
      webgpu: false,
      reason: expect.stringContaining("no WebGPU") as string,
      wasm: true,
      wasmFeatures: {
        simd: true,
        relaxedSimd: expect.any(Boolean) as boolean,
        threads: true,
        memory64: expect.any(Boolean) as boolean,
      },
      cpu: true,
      isolated: false,
      storage: {
        place: "memory",
        reason: expect.any(String) as string,
        quota: undefined,
        usage: undefined,
        persisted: false,
      },
    });
  });

  it.each<[LoadOptions["device"], LoadOptions["dtype"]]>([
    ["auto", "auto"],
    ["cpu", "f32"],
    ["cpu", "f16"],
    ["wasm", "q8"],
    ["cpu", "q4"],
  ])("a model with device %s and dtype %s", async (device, dtype) => {
    const source = tinyCheckpoint({ width: 64 });
    const { model } = await checkSupport(source, { device, dtype });
    const loaded = await Seq2Seq.load(source, { device, dtype, worker: false });
    expect(model).toMatchObject({
      runs: true,
      device: loaded.device,
      dtype: dtype === "auto" ? "f32" : dtype,
      memory: { weights: loaded.memory().weights },
    });
    expect(model?.deviceReason).toMatch(device === "auto" ? /There is no GPU/ : /asked for/);
    await loaded.dispose();
  });

  it("a model in F16: its halves stay halves on wasm, and nowhere else", async () => {
    for (const [device, dtype] of [
      ["wasm", "f16"],
      ["cpu", "f32"],
    ] as const) {
      const { model } = await checkSupport(HALVES, { device });
      expect(model).toMatchObject({ runs: true, device, dtype });
      expect(model?.dtypeReason).toMatch(/exact/);
      const loaded = await Seq2Seq.load(HALVES, { device, worker: false });
      expect(loaded.memory().weights).toBe(model?.memory?.weights);
      const given = await Seq2Seq.load(HALVES, { device, dtype, worker: false });
      expect(given.memory().weights).toBe(model?.memory?.weights);
      await loaded.dispose();
      await given.dispose();
    }
  });

  it.each<[string, (files: TinyFiles) => void, string, RegExp]>([
    ["no config.json", (f) => delete f["config.json"], "file_not_found", /no config\.json/],
    ["no weights", (f) => delete f["model.safetensors"], "file_not_found", /no weights/],
    ["another kind of model", (f) => (f["config.json"] = '{"model_type":"gpt2"}'), "unsupported_model", /gpt2/],
    [
      "more layers than there are weights of",
      (f) => (f["config.json"] = JSON.stringify({ ...tinyFields(tinyConfig()), num_encoder_layers: 9 })),
      "missing_tensor",
      /encoder\.layers/,
    ],
    [
      "weights that are cut off",
      (f) => (f["model.safetensors"] = (f["model.safetensors"] as Uint8Array).slice(0, 99)),
      "invalid_weights",
      /header/,
    ],
  ])("%s cannot run, and why", async (_, change, code, reason) => {
    const { model } = await checkSupport(tinyCheckpoint({}, change), { device: "cpu" });
    expect(model).toMatchObject({ runs: false, code, reason: expect.stringMatching(reason) as string });
  });

  it("a device that is not here cannot", async () => {
    const { model } = await checkSupport(tinyCheckpoint(), { device: "webgpu" });
    expect(model).toMatchObject({
      runs: false,
      code: "unsupported_device",
      reason: expect.stringContaining("WebGPU") as string,
    });
  });

  it("says how many bytes are still to be fetched, 0 when all are stored", async () => {
    let files: TinyFiles = {};
    tinyCheckpoint({ width: 64, vocabSize: 512 }, (made) => (files = made));
    const size = (files["model.safetensors"] as Uint8Array).length;
    const server = await serveFaults(files);
    const bytes = async () => (await checkSupport(server.url, { device: "cpu" })).model?.bytesToFetch;
    const before = await bytes();
    // The header was read, and is kept.
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThanOrEqual(size);
    server.take();
    const model = await Seq2Seq.load(server.url, { device: "cpu", worker: false });
    await model.dispose();
    expect(server.weigh("model.safetensors")).toBeLessThanOrEqual(size);
    expect(await bytes()).toBe(0);
    await server.close();
  });

  it("refuses options that are none", async () => {
    await expect(checkSupport(tinyCheckpoint(), { device: "gpu" as "cpu" })).rejects.toMatchObject({
      code: "invalid_option",
    });
    await expect(checkSupport(5 as unknown as string)).rejects.toMatchObject({ code: "invalid_source" });
  });
});
