/** What a run of bench:gpu found, as it is kept in JSON, and as Markdown. */

import type { AdapterInfo } from "../../src/backends/webgpu/adapter";
import type { Tuning } from "../../src/backends/webgpu/tuning";
import type { Ceilings } from "./ceilings";
import type { KernelTime } from "./kernels";
import type { ModelReport } from "./models";

export interface OpsResult {
  cases: number;
  /** Of the tolerance of the op cases. */
  worst: number;
  failed: string[];
  /** Whether all cases were run. */
  complete: boolean;
}

export interface Results {
  adapter: AdapterInfo;
  /** Of the code of the kernels. */
  fingerprint: string;
  date: string;
  features: string[];
  /** What the measurement ran in and on. */
  host?: string;
  tunings: Record<string, Tuning>;
  ceilings?: Ceilings;
  ops: Record<string, OpsResult>;
  kernels: Record<string, { bytes: number; flop: number; times: Record<string, KernelTime> }>;
  /** By model and format, then by set of kernels. */
  models: Record<string, Record<string, ModelReport>>;
  /** What a reader has to know beside the numbers. */
  notes?: string[];
  /** What there was no time for. */
  leftOut: string[];
}

/** What an adapter is called: drivers put the name of the GPU here or there, or only its number. */
export function adapterName({ vendor, architecture, device, description }: AdapterInfo): string {
  const named = [description, device].filter((text) => /[a-z]/i.test(text) && !/^0x|\d+\.\d+\.\d+/.test(text));
  return named[0] ?? (`${vendor} ${architecture}`.trim() || "a GPU");
}

/** The name of the files of an adapter. */
export const fileNameOf = (adapter: AdapterInfo): string =>
  adapterName(adapter)
    .toLowerCase()
    .replace(/\(.*?\)/g, " ")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");

const shown = (value: number | undefined): string =>
  value === undefined || !Number.isFinite(value) ? "" : value >= 100 ? value.toFixed(0) : value.toPrecision(3);
const percent = (part: number, whole: number | undefined): string =>
  whole ? `${((100 * part) / whole).toFixed(0)}%` : "";

type Cell = string | number | undefined;

function table(titles: string[], texts: number, rows: Cell[][]): string[] {
  if (rows.length === 0) return [];
  const line = (cells: Cell[]): string =>
    `| ${cells.map((cell) => (typeof cell === "string" ? cell : shown(cell))).join(" | ")} |`;
  return [line(titles), line(titles.map((_, i) => (i < texts ? "---" : "---:"))), ...rows.map(line), ""];
}

export function markdownOf(results: Results): string {
  const { adapter, ceilings, ops, kernels, models, tunings, host, features, leftOut } = results;
  const lines = [
    `# ${adapterName(adapter)}`,
    "",
    adapter.fallback
      ? "A software adapter: a rehearsal of the measurement. Its times say nothing about a GPU."
      : `${adapter.vendor} ${adapter.architecture} ${adapter.device}, ${adapter.description}.`,
    "",
    `${results.date.slice(0, 10)}, ${host ?? ""}. Written by \`npm run bench:gpu\`; kernels ${results.fingerprint}.`,
    "",
    ...(features.length > 0 ? [`Features: ${features.join(", ")}.`, ""] : []),
    ...(results.notes ?? []).flatMap((note) => [note, ""]),
    "Sets of kernels:",
    "",
    ...Object.entries(tunings).map(([set, tuning]) => `- ${set}: \`${JSON.stringify(tuning)}\``),
    "",
  ];
  if (ceilings) {
    lines.push("## What the GPU can do", "");
    const rows: Cell[][] = [
      ["copy, GB/s read and written", ceilings.copy],
      ["read, GB/s", ceilings.read],
      ["multiply-add in f32, GFLOP/s", ceilings.fma],
      ["a dependent dispatch on the GPU, µs", ceilings.dispatchGpu],
      ["a dispatch in the calling thread, µs", ceilings.dispatchHost],
      ["an empty submit until it is done, ms", ceilings.submit],
      ["a read-back of 4 bytes, ms", ceilings.readback],
      ["the slowest of 50 read-backs, ms", ceilings.readbackWorst],
    ];
    lines.push(`By ${ceilings.clock}.`, "", ...table(["", "measured"], 1, rows));
  }
  if (Object.keys(ops).length > 0) {
    lines.push("## Operations against the CPU", "");
    const rows = Object.entries(ops).map(([set, { cases, failed, worst }]): Cell[] => [
      set,
      String(cases),
      String(failed.length),
      worst,
    ]);
    lines.push(...table(["set", "cases", "wrong", "worst, of the tolerance"], 1, rows));
    for (const [set, { failed }] of Object.entries(ops)) for (const text of failed) lines.push(`- ${set}: ${text}`);
    lines.push("");
  }
  const kernelRows = Object.entries(kernels).flatMap(([of, { bytes, flop, times }]) =>
    Object.entries(times).map(([set, { us, dispatches, workgroups, kernels: ran }]): Cell[] => {
      const [gigabytes, gigaflop] = [bytes / us / 1000, flop / us / 1000];
      return [
        of,
        set,
        us,
        gigabytes,
        percent(gigabytes, ceilings?.copy),
        flop > 0 ? gigaflop : "",
        flop > 0 ? percent(gigaflop, ceilings?.fma) : "",
        String(dispatches),
        String(workgroups),
        ran.join(", "),
      ];
    }),
  );
  if (kernelRows.length > 0) {
    const titles = ["operation", "set", "µs", "GB/s", "of copy", "GFLOP/s", "of multiply-add", "dispatches"];
    lines.push("## Kernels", "", "Bytes and operations are those that are needed, whatever a kernel does.", "");
    lines.push(...table([...titles, "workgroups", "kernels"], 2, kernelRows));
  }
  const modelRows = Object.entries(models).flatMap(([model, sets]) =>
    Object.entries(sets).flatMap(([set, { runs }]) =>
      runs.map((run): Cell[] => [
        model,
        set,
        run.workload,
        run.firstTokenMs,
        run.msPerToken,
        run.tokensPerSecond,
        run.stepMs,
        run.gpuStepMs,
        run.gigabytes,
        percent(run.gigabytes, ceilings?.copy),
        run.gpuGigabytes,
        percent(run.gpuGigabytes ?? NaN, ceilings?.copy).replace("NaN%", ""),
        String(Math.round(run.dispatches)),
      ]),
    ),
  );
  if (modelRows.length > 0) {
    const titles = ["model", "set", "workload", "first token, ms", "ms per token", "tokens/s", "ms per step", "GPU ms"];
    lines.push("## Models", "", "GB/s are the weights that a step needs over its time.", "");
    lines.push(...table([...titles, "GB/s", "of copy", "GPU GB/s", "of copy", "dispatches"], 3, modelRows));
  }
  const profiles = Object.entries(models).flatMap(([model, sets]) =>
    Object.entries(sets).flatMap(([set, { profile }]) =>
      Object.entries(profile ?? {}).map(([kernel, { count, us }]): Cell[] => [
        model,
        set,
        kernel,
        String(Math.round(count)),
        us / count,
        us,
      ]),
    ),
  );
  if (profiles.length > 0) {
    lines.push("## A step of one sentence, dispatch by dispatch", "");
    lines.push("Each dispatch is a pass of its own here, so all of it takes longer than a step does.", "");
    lines.push(...table(["model", "set", "kernel", "dispatches", "µs each", "µs"], 3, profiles));
  }
  if (leftOut.length > 0) lines.push("## Left out", "", ...leftOut.map((text) => `- ${text}`), "");
  return lines.join("\n");
}
