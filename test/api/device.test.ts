/** Which device a load gets, in Node: what is asked for by name, and what "auto" finds. */

import { afterEach, describe, expect, test, vi } from "vitest";
import { checkSupport, Seq2Seq } from "../../src/index";
import { nodeDevices } from "../support/node/devices";
import { failureOf } from "../support/node/failure";
import { tinyCheckpoint } from "../support/shared/tiny";

afterEach(() => vi.unstubAllGlobals());

/** The device of a load, and what was warned of. */
async function loaded(device: "auto" | Seq2Seq["device"]): Promise<[device: string, warnings: string[]]> {
  const warnings: string[] = [];
  const model = await Seq2Seq.load(tinyCheckpoint(), { device, onWarning: (message) => warnings.push(message) });
  await model.dispose();
  return [model.device, warnings];
}

describe("a device", () => {
  test.each(nodeDevices)("%s by its name", async (device) => {
    expect(await loaded(device)).toEqual([device, []]);
  });

  test("that can't be had is an error", async () => {
    expect((await failureOf(() => loaded("webgpu"))).code).toBe("unsupported_device");
    vi.stubGlobal("WebAssembly", undefined);
    expect((await failureOf(() => loaded("wasm"))).code).toBe("unsupported_device");
  });

  test('"auto" is WebAssembly where there is no GPU', async () => {
    expect(await loaded("auto")).toEqual(["wasm", []]);
  });

  test('"auto" is the CPU where there is no WebAssembly either, and says so once', async () => {
    vi.stubGlobal("WebAssembly", undefined);
    const [device, warnings] = await loaded("auto");
    expect(device).toBe("cpu");
    expect(warnings).toEqual([expect.stringMatching(/^load: There is no WebAssembly here\. .*plain JavaScript/)]);
  });

  test('"auto" passes a software GPU over', async () => {
    const info = { vendor: "google", architecture: "swiftshader", device: "", description: "" };
    const requestDevice = vi.fn();
    vi.stubGlobal("navigator", { gpu: { requestAdapter: () => Promise.resolve({ info, requestDevice }) } });
    expect(await loaded("auto")).toEqual(["wasm", []]);
    expect(requestDevice).not.toHaveBeenCalled();
  });
});

test("checkSupport reports all three, and why not", async () => {
  expect(await checkSupport()).toMatchObject({
    webgpu: false,
    reason: expect.stringContaining("no WebGPU") as string,
    wasm: true,
    cpu: true,
  });
  vi.stubGlobal("WebAssembly", undefined);
  expect(await checkSupport()).toMatchObject({ wasm: false, wasmReason: "There is no WebAssembly here.", cpu: true });
});
