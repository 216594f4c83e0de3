/**
 * A GPU device that was closed is given to the next that asks for one, with the kernels that it has compiled: a software adapter
 * takes a second for those of a model, and a row of the faults loads it up to three times.
 */

import { keepPipelines } from "./shared-device";

/** Asked for, and neither lost nor closed by the engine. */
export const openDevices = new Set<GPUDevice>();

let spare: GPUDevice | undefined;
const { destroy } = GPUDevice.prototype;

export function giveDevicesAgain(): void {
  keepPipelines();
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (...args) {
    const device = spare ?? (await requestDevice.apply(this, args));
    spare = undefined;
    openDevices.add(device);
    void device.lost.then(() => forget(device));
    return device;
  };
  GPUDevice.prototype.destroy = function () {
    closed(this);
  };
}

function closed(device: GPUDevice): void {
  if (!openDevices.delete(device)) return;
  if (spare) destroy.call(device);
  else spare = device;
}

/** The device goes away, as one that is taken from the page. */
export function lose(device: GPUDevice): void {
  forget(device);
  destroy.call(device);
}

/** The next one will be a device that has compiled nothing. */
export function dropSpare(): void {
  if (spare) lose(spare);
}

function forget(device: GPUDevice): void {
  openDevices.delete(device);
  if (spare === device) spare = undefined;
}
