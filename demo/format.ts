/** Numbers, names and tokens as the page shows them. */

import type { AdapterInfo } from "../src/index";
import type { Device } from "./engine";

const NARROW_SPACE = "\u202f";

/** Decimal megabytes, as browsers show downloads. */
export const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

export const milliseconds = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)}${NARROW_SPACE}ms`;

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 0)}${NARROW_SPACE}s`;

export const rate = (perSecond: number): string => perSecond.toFixed(perSecond < 10 ? 1 : 0);

export function percent(share: number): string {
  const value = share * 100;
  return `${value > 0 && value < 9.95 ? value.toFixed(1) : value.toFixed(0)}${NARROW_SPACE}%`;
}

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
  const name = /^<\|?(.+?)\|?>$/.exec(token)?.[1];
  if (name !== undefined) return { text: name, special: true };
  return { text: token.replaceAll("▁", " ").trim() || "␣", special: false };
}
