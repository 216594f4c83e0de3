/** `npm run bench:cost`: counters of every family with the kernels of before and of now, and predicted times of a step. */

import { EARLIER_GPU_TUNING, GPU_TUNING, type Tuning } from "../../src/backends/webgpu/tuning";
import { costOf, sumOf } from "./costs";
import type { Dispatched } from "./dispatches";
import { BASE, enlarged, plansOf, type Shape, type Workload } from "./models";
import { kernelLines, predictedStep, PROFILES } from "./predictions";

type Fields = Readonly<Record<string, unknown>>;

const TUNINGS: Record<string, Tuning> = { before: EARLIER_GPU_TUNING, now: GPU_TUNING };
const WORKLOADS: Record<string, Workload> = {
  "1 sentence": { sentences: 1, beams: 1, source: 32, target: 64 },
  "4 beams": { sentences: 1, beams: 4, source: 32, target: 64 },
  sampling: { sentences: 1, beams: 1, candidates: { count: 64, open: false }, source: 32, target: 64 },
  "16 sentences": { sentences: 16, beams: 1, source: 32, target: 64 },
};
const MODELS: Record<string, { type: string; shape: Shape }> = {
  "opus-mt": { type: "marian", shape: BASE },
  "t5-base": { type: "t5", shape: { width: 768, inner: 3072, heads: 12, layers: 12, vocabulary: 32_128 } },
  "nllb-600M": { type: "m2m_100", shape: { width: 1024, inner: 4096, heads: 16, layers: 12, vocabulary: 256_206 } },
};

const number = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
const line = (cells: readonly (string | number)[]): string =>
  `| ${cells.map((cell) => (typeof cell === "string" ? cell : number(cell))).join(" | ")} |`;
const head = (titles: readonly string[], texts: number): string[] => [
  line(titles),
  line(titles.map((_, i) => (i < texts ? "---" : "---:"))),
];

/** Workgroups of the product that has the fewest, of those of more than 1 MB of weights. */
function fewest(dispatches: readonly Dispatched[]): number {
  const large = dispatches.filter(({ bytes, kernel }) => /^mat/.test(kernel.name) && bytes.w > 2 ** 20);
  return Math.min(...large.map(({ workgroups }) => workgroups));
}

/** @param configs config.json of a small model of each family, by its name */
export async function costReport(configs: Readonly<Record<string, Fields>>): Promise<string> {
  const lines = [
    "# Counted",
    "",
    `Every family with ${BASE.layers} + ${BASE.layers} layers of width ${BASE.width}, V ${BASE.vocabulary}; source 32.`,
    "",
  ];
  const titles = [
    "family",
    "search",
    "kernels",
    "dispatches",
    "per encoder layer",
    "MB read",
    "of needed",
    "flop, of needed",
  ];
  lines.push(...head([...titles, "fewest workgroups of 1 MB"], 3));
  for (const [name, config] of Object.entries(configs)) {
    for (const [search, workload] of Object.entries(WORKLOADS)) {
      for (const [which, tuning] of Object.entries(TUNINGS)) {
        const { step, encode } = await plansOf(enlarged(config, BASE), workload, tuning);
        const half = await plansOf(enlarged(config, BASE, BASE.layers / 2), workload, tuning);
        const { read, needed, flop, flopNeeded } = sumOf(step.map(costOf));
        const perLayer = (encode.length - half.encode.length) / (BASE.layers / 2);
        lines.push(
          line([
            ...[name, search, which, String(step.length), perLayer, read / 1e6, read / needed, flop / flopNeeded],
            fewest([...step, ...encode]),
          ]),
        );
      }
    }
  }
  lines.push(
    "",
    "# Predicted",
    "",
    "Not measured: counted bytes and operations over what these GPUs are assumed to do.",
    "",
  );
  lines.push(...head(["profile", ...Object.keys(PROFILES[0]).slice(1)], 1));
  for (const { name, ...numbers } of PROFILES) lines.push(line([name, ...Object.values(numbers)]));
  lines.push("", "Tokens per second and row, if read-backs are hidden by the steps in flight:", "");
  lines.push(...head(["model", "weights", "search", "kernels", ...PROFILES.map(({ name }) => name)], 4));
  const kernels: string[] = [];
  for (const [model, { type, shape }] of Object.entries(MODELS)) {
    const config = enlarged(configs[type], shape);
    for (const format of ["f32", "f16", "q8"] as const) {
      for (const [search, workload] of Object.entries(WORKLOADS)) {
        for (const [which, tuning] of Object.entries(TUNINGS)) {
          const { step } = await plansOf(config, workload, tuning, format);
          const rates = PROFILES.map((profile) => (1e6 * workload.sentences) / predictedStep(step, profile));
          lines.push(line([model, format, search, which, ...rates]));
          if (format !== "f32" || search === "16 sentences") continue;
          for (const { kernel, dispatches, workgroups, megabytes, gigaflop, us } of kernelLines(step))
            kernels.push(
              line([model, search, which, kernel, String(dispatches), String(workgroups), megabytes, gigaflop, ...us]),
            );
        }
      }
    }
  }
  lines.push("", "Microseconds of the kernels of a step, f32 weights:", "");
  const columns = ["model", "search", "kernels", "kernel", "dispatches", "workgroups each", "MB", "GFLOP"];
  lines.push(...head([...columns, ...PROFILES.map(({ name }) => name)], 4), ...kernels, "");
  return lines.join("\n");
}
