/**
 * One GPU device for all models of a page, which compiles each shader once: software adapters take seconds to compile those
 * of a model, and a file of tests loads dozens of models that have the same ones. Runs in the page before everything else.
 *
 * What the tests of a device itself look at (memory, its loss, objects made) needs a device of its own, which is the default.
 */
export function shareDevice(): void {
  const codes = new WeakMap<GPUShaderModule, string>();
  const pipelines = new Map<string, Promise<GPUComputePipeline>>();
  const devices = new Map<string, Promise<GPUDevice>>();
  const { requestDevice } = GPUAdapter.prototype;
  const { createShaderModule, createComputePipelineAsync } = GPUDevice.prototype;

  GPUAdapter.prototype.requestDevice = function (descriptor) {
    const key = JSON.stringify(descriptor ?? {});
    const device = devices.get(key) ?? requestDevice.call(this, descriptor);
    devices.set(key, device);
    return device;
  };
  // A model destroys its buffers one by one before this.
  GPUDevice.prototype.destroy = () => undefined;
  GPUDevice.prototype.createShaderModule = function (descriptor) {
    const module = createShaderModule.call(this, descriptor);
    codes.set(module, descriptor.code);
    return module;
  };
  GPUDevice.prototype.createComputePipelineAsync = function (descriptor) {
    const { module, entryPoint, constants } = descriptor.compute;
    const key = JSON.stringify([codes.get(module), entryPoint, constants]);
    const pipeline = pipelines.get(key) ?? createComputePipelineAsync.call(this, descriptor);
    pipelines.set(key, pipeline);
    return pipeline;
  };
}
