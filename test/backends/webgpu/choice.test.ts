/** What becomes of a load whose GPU fails while it chooses its kernels. The GPU is one that computes nothing, so all its results are wrong. */

import { afterEach, expect, it, vi } from "vitest";
import { fakeAdapter } from "../../../bench/cost/fake-gpu";
import { createCpuBackend } from "../../../src/backends/cpu/backend";
import { createWebGpuBackend, type Choosing } from "../../../src/backends/webgpu/backend";
import type { Kept } from "../../../src/backends/webgpu/choice-store";
import { groups } from "../../../src/backends/webgpu/groups";
import { ModelError } from "../../../src/errors";
import { LocalSeq2Seq } from "../../../src/engine/seq2seq";
import { tinyCheckpoint } from "../../support/shared/tiny";

/** A GPU with a clock, which is lost as soon as the times of a probe are to be read. */
function lostInProbe(): { adapter: GPUAdapter; queries: () => number } {
  const adapter = fakeAdapter({}, ["timestamp-query"]);
  let queries = 0;
  const { requestDevice } = adapter;
  adapter.requestDevice = async (descriptor) => {
    const device = await requestDevice.call(adapter, descriptor);
    const { createBuffer, createQuerySet } = device;
    device.createQuerySet = (given) => {
      queries++;
      return createQuerySet(given);
    };
    device.createBuffer = (given) => {
      const buffer = createBuffer(given);
      const isOfTimes = given.label === undefined && (given.usage & GPUBufferUsage.MAP_READ) !== 0;
      if (isOfTimes) buffer.mapAsync = () => Promise.reject(new DOMException("the device is lost", "AbortError"));
      return buffer;
    };
    return device;
  };
  return { adapter, queries: () => queries };
}

it("a device that is lost in the probe is a lost device, and the next one is not probed", async () => {
  let kept: Kept | undefined;
  const choosing: Choosing = {
    format: "f32",
    reference: async () => createCpuBackend(),
    onWarning: () => undefined,
    store: {
      get: async () => kept,
      set: async (_, value) => void (kept = value),
    },
  };
  const record = async (adapter: GPUAdapter): Promise<unknown> => {
    const { ops } = await createWebGpuBackend(undefined, adapter, undefined, choosing);
    return ops.record("nothing", () => undefined).catch((error: unknown) => error);
  };
  const first = lostInProbe();
  expect(await record(first.adapter)).toMatchObject({ name: "ModelError", code: "device_lost" });
  expect(first.queries()).toBe(1);
  expect(kept).toEqual(Object.fromEntries(groups.map(({ name, variants }) => [name, variants[0].name])));

  const second = lostInProbe();
  expect(await record(second.adapter)).toMatchObject({ code: "unsupported_device" });
  expect(second.queries()).toBe(0);
});

afterEach(() => vi.unstubAllGlobals());

it.each([
  ["auto", "wasm"],
  ["webgpu", "unsupported_device"],
] as const)('where no kernel computes what it should, a load for "%s" ends with %s', async (device, outcome) => {
  vi.stubGlobal("navigator", { gpu: { requestAdapter: async () => fakeAdapter() } });
  const warnings: string[] = [];
  const onWarning = (message: string): void => void warnings.push(message);
  const loaded = LocalSeq2Seq.load(tinyCheckpoint(), { device, onWarning });
  const found = await loaded.catch((error: unknown) => error);
  if (found instanceof ModelError) {
    expect(found.code).toBe(outcome);
    return;
  }
  const model = await loaded;
  expect(model.device).toBe(outcome);
  expect(warnings.at(-1)).toMatch(/^load: No variant of .* The model runs without it \(wasm\), which is slower\.$/);
  const { sequences } = await model.generate([[4, 5, 6]], { max_new_tokens: 4 });
  expect(sequences).toHaveLength(1);
  await model.dispose();
});
