/** Numbers, names and tokens as the page shows them. */

import type { AdapterInfo } from "../../src/index";

export type Device = "webgpu" | "wasm" | "cpu";

/** Stands where there is no value. */
export const NONE = "–";

const NARROW_SPACE = "\u202f";

/** Decimal megabytes, as browsers show downloads. */
export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0)}${NARROW_SPACE}MB`;

export const milliseconds = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)}${NARROW_SPACE}ms`;

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 0)}${NARROW_SPACE}s`;

/** A time that may be far below a millisecond. */
export const fine = (ms: number): string => `${ms < 1e-4 ? "<0.0001" : ms.toFixed(ms < 0.1 ? 4 : 2)}${NARROW_SPACE}ms`;

/** Decimal gigabytes per second. */
export const gigabytes = (perSecond: number): string =>
  `${(perSecond / 1e9).toFixed(perSecond < 1e10 ? 2 : 0)}${NARROW_SPACE}GB/s`;

export const rate = (perSecond: number): string => perSecond.toFixed(perSecond < 10 ? 1 : 0);

/** 1:02.3 */
export function clock(time: number): string {
  const minutes = Math.floor(time / 60);
  return `${minutes}:${(time - minutes * 60).toFixed(1).padStart(4, "0")}`;
}

export function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 0.05) return `<0.1${NARROW_SPACE}%`;
  return `${value > 0 && value < 9.95 ? value.toFixed(1) : value.toFixed(0)}${NARROW_SPACE}%`;
}

/** A number of a tensor, as short as it may be. */
export function digits(value: number): string {
  const size = Math.abs(value);
  if (value === 0) return "0";
  if (size >= 1000 || size < 0.001) return value.toExponential(1).replace("-", "−").replace("+", "");
  return value.toFixed(size < 10 ? 3 : 1).replace("-", "−");
}

export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** What a table calls a device. */
export const DEVICE_NAMES: Record<Device, string> = { webgpu: "GPU", wasm: "WebAssembly", cpu: "CPU reference" };

/** Where the model runs, in a sentence of the page. */
export const WHERE: Record<Device, string> = {
  webgpu: "on the GPU",
  wasm: "in WebAssembly",
  cpu: "on the CPU reference",
};

/** Browsers report more or less about a GPU, some report nothing. */
export function deviceName(device: Device, adapter: AdapterInfo | undefined): string {
  if (device === "wasm") return "WebAssembly: SIMD kernels";
  if (device === "cpu") return "CPU reference: plain TypeScript, slow";
  const name = adapter?.description || [adapter?.vendor, adapter?.architecture].filter(Boolean).join(" ");
  return name ? `GPU: ${name}` : "GPU (the browser does not say which)";
}

export interface TokenLabel {
  text: string;
  /** Not a piece of text, such as the end token. */
  special: boolean;
}

/** "▁chat" is "chat" after a space; "</s>" and "<|end|>" are the end of the sentence. */
export function tokenLabel(token: string): TokenLabel {
  if (token === "</s>") return { text: "end", special: true };
  if (token === "<s>") return { text: "start", special: true };
  const name = /^<\|?(.+?)\|?>$/.exec(token)?.[1];
  if (name !== undefined) return { text: name, special: true };
  return { text: token.replaceAll(/[▁Ġ]/g, " ").trim() || "␣", special: false };
}
