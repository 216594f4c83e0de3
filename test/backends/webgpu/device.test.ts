/** What is asked of a device: modules and pipelines are made once. */

import { expect, it } from "vitest";
import { fakeAdapter } from "../../../bench/cost/fake-gpu";
import { openDevice } from "../../../src/backends/webgpu/device";
import { kernel } from "../../../src/backends/webgpu/kernel";

it("kernels with the same code share its module, and the same kernel its pipeline", async () => {
  const adapter = fakeAdapter();
  const parsed: string[] = [];
  const { requestDevice } = adapter;
  adapter.requestDevice = async (descriptor) => {
    const device = await requestDevice.call(adapter, descriptor);
    const { createShaderModule } = device;
    device.createShaderModule = (given) => {
      parsed.push(given.code);
      return createShaderModule(given);
    };
    return device;
  };
  const gpu = await openDevice(adapter);
  const described = { shader: { "some.wgsl": "// code\n" }, bindings: {}, params: {} };
  const linear = kernel({ ...described, name: "linear", entryPoint: "linear" });
  const project = kernel({ ...described, name: "project", entryPoint: "project" });
  const other = kernel({ ...described, name: "other", constants: { ROWS: 2 } });
  const pipelines = await Promise.all([linear, project, other, { ...linear }].map((given) => gpu.pipeline(given)));
  expect(parsed).toEqual([linear.code, other.code]);
  expect(new Set(pipelines).size).toBe(3);
  expect(gpu.counters.pipelines_created).toBe(3);
});
