/** What goes wrong with a GPU is said in words, with a code. faults/devices.ts has what goes wrong later. */

import type { Page } from "puppeteer";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { wantsRealGpu } from "../support/node/browser";
import type * as failures from "../support/page/failures";
import { closePage, openPage, runInPage } from "../support/node/pages";

type Result<Name extends keyof typeof failures> = (typeof failures)[Name] extends (...args: never) => Promise<infer R>
  ? R
  : never;

describe("the engine in a page", () => {
  let page: Page;
  const run = <Name extends keyof typeof failures>(name: Name) =>
    runInPage<Result<Name>>(page, "/test/support/page/failures.ts", name);
  beforeEach(async () => {
    page = await openPage();
  });
  afterEach(() => closePage(page));

  it("says that there is no WebGPU, and takes WebAssembly where it may", async () => {
    const { failure, reason, auto } = await run("withoutWebGpu");
    expect(failure.code).toBe("unsupported_device");
    expect(failure.message).toContain("no WebGPU");
    expect(failure.hint).not.toBe("");
    expect(reason).toBe(failure.message);
    expect(auto).toBe("wasm");
  });

  it("says that there is no adapter", async () => {
    const { failure, webgpu } = await run("withoutAdapter");
    expect(failure.code).toBe("unsupported_device");
    expect(failure.message).toContain("no adapter");
    expect(webgpu).toBe(false);
  });

  it("says that the device was refused", async () => {
    const failure = await run("refusedDevice");
    expect(failure.code).toBe("unsupported_device");
    expect(failure.message).toContain("no more devices");
  });

  it("says that memory has run out", async () => {
    expect(await run("outOfMemory")).toMatchObject({ name: "ModelError", code: "out_of_memory" });
  });

  it("stops when aborted, and the next call gives the same as before", async () => {
    const { loading, generating, tokens, same } = await run("aborted");
    expect(loading).toMatchObject({ name: "AbortError", message: "stop" });
    expect(generating.name).toBe("AbortError");
    expect(tokens).toBe(3);
    expect(same).toBe(true);
  });

  it("ends running calls when disposed of, and refuses new ones", async () => {
    const { during, after, forward } = await run("disposed");
    for (const failure of [during, after, forward])
      expect(failure).toMatchObject({ name: "ModelError", code: "disposed" });
  });

  it("names the adapter, and says when it is a software one", async () => {
    const { adapter, supported, support } = await run("adapterIsSaid");
    expect(supported).toBe(true);
    // What this browser has, whatever the GPU.
    expect(support).toMatchObject({
      wasmFeatures: { simd: true, relaxedSimd: true, threads: true, memory64: true },
      isolated: false,
      storage: { place: "opfs", persisted: false },
    });
    expect(support.limits?.maxStorageBufferBindingSize).toBeGreaterThanOrEqual(2 ** 27);
    expect(support.features).toEqual([...(support.features ?? [])].sort());
    expect(support.storage.quota).toBeGreaterThan(support.storage.usage ?? Infinity);
    expect(adapter?.fallback).toBe(!wantsRealGpu());
    if (!wantsRealGpu()) expect(adapter?.architecture).toBe("swiftshader");
  });

  it("runs several calls at once", async () => {
    expect(await run("concurrent")).toBe(true);
  });
});
