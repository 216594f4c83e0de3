/**
 * `npm run bench`: the models of bench/compare on every device, and each kernel of wasm/ beside a plain read of memory, in a browser. Writes
 * test-results/bench.md and bench-figures.json. Counters are exact on every machine; times are those of this machine and of
 * the adapter that is named, and say nothing about a GPU where that is a software one.
 *
 *     BENCH=opus-mt,wasm npm run bench      # only what has all of these words in its name; "kernels" is one
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { afterAll, expect, it } from "vitest";
import type { LoadOptions } from "../src/index";
import { closePage, openPage, runInPage } from "../test/support/node/pages";
import type { Report, Workload } from "./generate";
import type { Timing } from "./kernels";
import { modelNames } from "./models";

const DEVICES: Record<string, LoadOptions> = {
  "wasm f32": { device: "wasm" },
  "wasm q8": { device: "wasm", dtype: "q8" },
  "wasm q8-int8": { device: "wasm", dtype: "q8", arithmetic: "int8" },
  "cpu f32": { device: "cpu" },
  "webgpu f32": { device: "webgpu" },
};
const WORKLOADS: Record<string, Workload> = {
  "1 sentence": { rows: 1, source: 16, beams: 1 },
  "source of 200": { rows: 1, source: 200, beams: 1 },
  "16 sentences": { rows: 16, source: 16, beams: 1 },
  "4 beams": { rows: 1, source: 16, beams: 4 },
};

const words = (process.env.BENCH ?? "").split(",");
const wanted = (name: string): boolean => words.every((word) => name.includes(word));
const settings = modelNames.flatMap((model) => Object.keys(DEVICES).map((device) => [model, device] as const));

const rows: string[] = [];
const figures: { models: Record<string, Report>; kernels: Timing[] } = { models: {}, kernels: [] };
const shown = (value: number | undefined): string =>
  value === undefined ? "" : value >= 100 ? value.toFixed(0) : value.toPrecision(3);
const line = (cells: (string | number | undefined)[]): string =>
  `| ${cells.map((cell) => (typeof cell === "string" ? cell : shown(cell))).join(" | ")} |`;
const head = (titles: string[], names: number): string[] => [
  line(titles),
  line(titles.map((_, i) => (i < names ? "---" : "---:"))),
];

it.each(settings.filter((setting) => wanted(setting.join(" "))))("%s on %s", async (model, device) => {
  // Plain TypeScript and a software GPU are timed to have a figure, not to wait for.
  const [tokens, rounds] = device.startsWith("wasm") ? [32, 3] : [8, 1];
  const page = await openPage();
  const report = await runInPage<Report>(
    page,
    "/bench/generate.ts",
    "measure",
    model,
    DEVICES[device],
    WORKLOADS,
    tokens,
    rounds,
  );
  await closePage(page);
  figures.models[`${model} ${device}`] = report;
  const { adapter, loadMs, memory, runs } = report;
  if (adapter?.fallback) device += ` (${adapter.architecture}, software)`;
  for (const run of runs) {
    const { workload, firstTokenMs, msPerToken, dispatches, submits, bytesRead } = run;
    const counts = adapter ? [dispatches, submits, bytesRead] : ["", "", ""];
    rows.push(line([model, device, workload, loadMs, memory.weights / 1e6, firstTokenMs, msPerToken, ...counts]));
  }
  expect(runs).toHaveLength(Object.keys(WORKLOADS).length);
});

it.runIf(wanted("kernels"))("the kernels of wasm/", async () => {
  const page = await openPage();
  figures.kernels = await runInPage<Timing[]>(page, "/bench/kernels.ts", "measureKernels", 9, 8);
  await closePage(page);
  expect(figures.kernels.length).toBeGreaterThan(3);
});

function kernelLines(): string[] {
  const byName = new Map<string, Partial<Record<Timing["module"], Timing>>>();
  for (const timing of figures.kernels) {
    const name = line([timing.kernel, timing.size]).slice(2, -2);
    byName.set(name, { ...byName.get(name), [timing.module]: timing });
  }
  const cells = (timing?: Timing) => [timing?.milliseconds, timing?.gflops, timing?.gigabytes];
  return [...byName].map(([name, { simd, relaxed }]) => line([name, ...cells(simd), ...cells(relaxed)]));
}

afterAll(() => {
  const titles = ["model", "device", "workload", "load, ms", "weights, MB", "first token, ms", "ms per token"];
  const counts = ["dispatches per step", "submits", "bytes read"];
  const units = ["ms", "GFLOP/s", "GB/s"];
  const modules = ["simd", "relaxed"].flatMap((name) => units.map((unit) => `${name}: ${unit}`));
  const text = [
    `${cpus()[0].model.trim()}, ${cpus().length} cores, one thread; ${new Date().toISOString().slice(0, 10)}`,
    "",
    ...(rows.length > 0 ? [...head([...titles, ...counts], 3), ...rows, ""] : []),
    ...(figures.kernels.length > 0 ? [...head(["kernel", "size", ...modules], 2), ...kernelLines(), ""] : []),
  ].join("\n");
  mkdirSync("test-results", { recursive: true });
  writeFileSync("test-results/bench.md", text);
  writeFileSync("test-results/bench-figures.json", JSON.stringify(figures, null, 1));
  console.log(text);
});
