/** What the browser has, row by row, and what each row means for whoever uses this page. */

import type { Support } from "../../../src/index";
import { deviceName, megabytes } from "../../ui/format";

export interface Finding {
  what: string;
  value: string;
  meaning: string;
  /** Whether something is missing that would help. */
  missing?: boolean;
}

/** Optional features of WebGPU that the engine takes where they are. */
const FEATURES: Record<string, [yes: string, no: string]> = {
  "shader-f16": [
    "Arithmetic in halves is possible.",
    "Weights in halves still work: they are read as numbers of 32 bits.",
  ],
  subgroups: ["Threads of a group can exchange values directly.", "Threads exchange values through workgroup memory."],
  "timestamp-query": ["Kernels are timed on the GPU itself.", "Kernels are timed by the clock of the page."],
};

const LIMITS: Record<string, string> = {
  maxStorageBufferBindingSize: "The largest part of a matrix that a kernel sees at once; larger ones are split.",
  maxBufferSize: "The largest buffer.",
  maxComputeWorkgroupStorageSize: "Memory that the threads of a workgroup share.",
  maxComputeInvocationsPerWorkgroup: "Threads of a workgroup.",
};

export function findingsOf(support: Support): Finding[] {
  const { webgpu, reason = "", adapter, features = [], limits = {}, wasm, wasmReason = "", wasmFeatures } = support;
  const { isolated, storage } = support;
  const yes = (has: boolean): string => (has ? "yes" : "no");
  const software = adapter?.fallback
    ? "It is computed in software: right, but slower than WebAssembly."
    : "Models run here first.";
  return [
    {
      what: "WebGPU",
      value: webgpu ? deviceName("webgpu", adapter).replace(/^GPU: /, "") : "no",
      meaning: webgpu ? software : `${reason} Models run in WebAssembly.`,
      missing: !webgpu,
    },
    ...(webgpu
      ? Object.entries(FEATURES).map(([name, [with_, without]]) => {
          const has = features.includes(name);
          return { what: `GPU: ${name}`, value: yes(has), meaning: has ? with_ : without, missing: !has };
        })
      : []),
    ...Object.entries(LIMITS)
      .filter(([name]) => limits[name] !== undefined)
      .map(([name, meaning]) => ({
        what: `GPU: ${name}`,
        value: limits[name] >= 1e6 ? megabytes(limits[name]) : String(limits[name]),
        meaning,
      })),
    {
      what: "WebAssembly",
      value: yes(wasm),
      meaning: wasm
        ? "Models run here where there is no GPU."
        : `${wasmReason} Models run in plain JavaScript, slowly.`,
      missing: !wasm,
    },
    {
      what: "WebAssembly: SIMD",
      value: yes(wasmFeatures.simd),
      meaning: "Four numbers at a time; the engine needs it.",
      missing: !wasmFeatures.simd,
    },
    {
      what: "WebAssembly: relaxed SIMD",
      value: yes(wasmFeatures.relaxedSimd),
      meaning: "Multiplies and adds in one step.",
      missing: !wasmFeatures.relaxedSimd,
    },
    {
      what: "Threads",
      value: yes(wasmFeatures.threads && isolated),
      meaning: isolated
        ? "Several cores compute."
        : "This page is not cross-origin isolated, so one core computes. Its host would have to send two headers.",
      missing: !isolated,
    },
    {
      what: "Storage",
      value: { opfs: "files of the browser (OPFS)", cache: "the Cache API", memory: "memory" }[storage.place],
      meaning:
        storage.place === "memory"
          ? `${storage.reason ?? ""} Models are fetched again at the next visit.`
          : "Models are kept for the next visit, offline too.",
      missing: storage.place === "memory",
    },
    {
      what: "Room",
      value:
        storage.quota === undefined ? "unknown" : `${megabytes(storage.usage ?? 0)} of ${megabytes(storage.quota)}`,
      meaning: storage.persisted ? "The browser keeps it." : "The browser may delete it when it needs room.",
    },
    {
      what: "Cores",
      value: String(navigator.hardwareConcurrency),
      meaning: "Half of them, four at most, compute where there are threads.",
    },
  ];
}
