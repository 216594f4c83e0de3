/** Makes a GPU device, or a WebAssembly memory, fail in a page at a chosen moment and in a chosen way. */

import { giveDevicesAgain, lose } from "./spare-device";

/** The methods whose calls are counted: of WebGPU, of a WebAssembly memory, and what gives the page its turn after a step without a GPU. */
const OWNERS = {
  createBuffer: () => GPUDevice.prototype,
  createBindGroup: () => GPUDevice.prototype,
  createComputePipelineAsync: () => GPUDevice.prototype,
  popErrorScope: () => GPUDevice.prototype,
  dispatchWorkgroups: () => GPUComputePassEncoder.prototype,
  writeBuffer: () => GPUQueue.prototype,
  submit: () => GPUQueue.prototype,
  mapAsync: () => GPUBuffer.prototype,
  grow: () => WebAssembly.Memory.prototype,
  postMessage: () => MessagePort.prototype,
} as const satisfies Record<string, () => object>;

type Method = keyof typeof OWNERS;

/** The n-th call of a method, counted from 1 from the start of the load or call and anew for each device. */
export interface Moment {
  method: Method;
  at: number;
  /** What happens then. Default "lose": the device goes away. */
  act?: "lose" | "abort" | "dispose" | "err" | Breakage;
  /** For this many calls on. Default 1. */
  times?: number;
}

/** What the browser answers instead. */
type Breakage =
  /** As createBuffer of some browsers, and as a memory that cannot grow. */
  | "throws RangeError"
  /** A promise is rejected. */
  | "rejects"
  /** An error scope finds such an error. */
  | "finds out-of-memory"
  | "finds internal"
  /** createBindGroup binds a buffer that is too small: WebGPU itself says what is wrong. */
  | "binds too little"
  /** dispatchWorkgroups asks for more than the limit. */
  | "dispatches too much";

/** What is to fail, and what there is of the GPU's. */
export const state = {
  /** As they were asked for: one that was given again is there twice. */
  devices: [] as GPUDevice[],
  moments: [] as Moment[],
  counts: new Map<Method, number>(),
  live: new Set<GPUBuffer>(),
  refuse: 0,
  /** The device is lost: the next moment is one of the next device. */
  gone: false,
  abort: (): void => undefined,
  dispose: (): void => undefined,
};

/** Whether a moment has come whose act this is; the acts that are not a breakage are done here. */
function reached(method: Method): Breakage | undefined {
  const count = (state.counts.get(method) ?? 0) + 1;
  state.counts.set(method, count);
  const [moment] = state.moments;
  if (state.gone || moment?.method !== method || count < moment.at) return undefined;
  const { act = "lose", times = 1 } = moment;
  if (count >= moment.at + times - 1) state.moments.shift();
  state.gone = act === "lose" || (act === "rejects" && method === "mapAsync");
  if (act === "lose") lose(state.devices[state.devices.length - 1]);
  else if (act === "abort") state.abort();
  else if (act === "dispose") state.dispose();
  else if (act === "err") err();
  else return act;
  return undefined;
}

/** A mistake that no error scope catches. */
function err(): void {
  const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE;
  state.live.delete(state.devices[state.devices.length - 1].createBuffer({ size: 4, usage }));
}

type Anything = (this: unknown, ...args: unknown[]) => unknown;

function broken(breakage: Breakage, self: unknown, args: unknown[], original: Anything): unknown {
  const [first, ...others] = args;
  switch (breakage) {
    case "throws RangeError":
      throw new RangeError("Array buffer allocation failed");
    case "rejects":
      return Promise.reject(new DOMException("it was rejected", "OperationError"));
    case "finds out-of-memory":
    case "finds internal": {
      const type = breakage === "finds internal" ? GPUInternalError : GPUOutOfMemoryError;
      return (original.call(self) as Promise<unknown>).then(() => new type("so it was found"));
    }
    case "binds too little": {
      const device = self as GPUDevice;
      const { layout, entries } = first as GPUBindGroupDescriptor;
      const buffer = device.createBuffer({ size: 4, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.UNIFORM });
      state.live.delete(buffer);
      const wrong = [...entries].map((entry) => ({ ...entry, resource: { buffer } }));
      return original.call(self, { layout, entries: wrong });
    }
    case "dispatches too much":
      return original.call(self, (first as number) + 70_000, ...others);
  }
}

let installed = false;

/** Puts what can fail in the place of the browser's methods, once per page. */
export function install(): void {
  if (installed) return;
  installed = true;
  giveDevicesAgain();
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (...args) {
    if (state.refuse > 0) {
      state.refuse--;
      throw new DOMException("no more devices", "OperationError");
    }
    const device = await requestDevice.apply(this, args);
    state.devices.push(device);
    state.gone = false;
    state.counts.clear();
    return device;
  };
  for (const name of Object.keys(OWNERS) as Method[]) {
    const owner = OWNERS[name]() as unknown as Record<string, Anything>;
    const original = owner[name];
    owner[name] = function (...args) {
      const breakage = reached(name);
      const result = breakage ? broken(breakage, this, args, original) : original.apply(this, args);
      if (name === "createBuffer") state.live.add(result as GPUBuffer);
      return result;
    };
  }
  const { destroy } = GPUBuffer.prototype;
  GPUBuffer.prototype.destroy = function () {
    state.live.delete(this);
    return destroy.call(this);
  };
}

/** The moments of the next load or call; none by default. */
export function faults(moments: Moment[] = []): void {
  state.moments = moments.map((moment) => ({ ...moment }));
  state.gone = false;
  state.counts.clear();
}
