/**
 * One GPU device for all models of a page, which compiles each shader once: software adapters take seconds to compile those
 * of a model, and a file of tests loads dozens of models that have the same ones. Both functions run in the page before everything
 * else, as their text: they use nothing from outside.
 *
 * What the tests of a device itself look at (memory, its loss, objects made) needs a device of its own, which is the default.
 */
export function shareDevice(): void {
  const devices = new Map<string, Promise<GPUDevice>>();
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = function (descriptor) {
    const key = JSON.stringify(descriptor ?? {});
    const known = devices.get(key);
    if (known) return known;
    const device = requestDevice.call(this, descriptor);
    devices.set(key, device);
    // One that is refused or lost is not given to the next model.
    const forget = (): unknown => devices.delete(key);
    void device.then(({ lost }) => lost).then(forget, forget);
    return device;
  };
  // A model destroys its buffers one by one before this.
  GPUDevice.prototype.destroy = () => undefined;
}

/** A kernel that a device has compiled is not compiled again. */
export function keepPipelines(): void {
  const { createShaderModule, createComputePipelineAsync } = GPUDevice.prototype;
  const codes = new WeakMap<GPUShaderModule, string>();
  const compiled = new WeakMap<GPUDevice, Map<string, Promise<GPUComputePipeline>>>();
  GPUDevice.prototype.createShaderModule = function (descriptor) {
    const module = createShaderModule.call(this, descriptor);
    codes.set(module, descriptor.code);
    return module;
  };
  GPUDevice.prototype.createComputePipelineAsync = function (descriptor) {
    const own = compiled.get(this) ?? new Map<string, Promise<GPUComputePipeline>>();
    compiled.set(this, own);
    const { module, entryPoint, constants } = descriptor.compute;
    const key = JSON.stringify([codes.get(module), entryPoint, constants]);
    const pipeline = own.get(key) ?? createComputePipelineAsync.call(this, descriptor);
    own.set(key, pipeline);
    return pipeline;
  };
}
