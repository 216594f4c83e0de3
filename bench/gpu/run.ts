/**
 * `npm run bench:gpu` without its surroundings: which sets of kernels, which sections, in which time; what was measured before
 * is not measured again. Runs wherever `navigator.gpu` is.
 */

import { createCpuBackend } from "../../src/backends/cpu/backend";
import { kernelsOf } from "../../src/backends/webgpu/operations";
import * as tuningModule from "../../src/backends/webgpu/tuning";
import type { Tuning } from "../../src/backends/webgpu/tuning";
import { difference } from "../../test/support/shared/difference";
import { opCases } from "../../test/support/shared/op-cases";
import { kernelCases } from "./cases";
import { measureCeilings } from "./ceilings";
import { openGpu, openPlain, type Opened } from "./device";
import { timeCase } from "./kernels";
import { measureModel } from "./models";
import { adapterName, type OpsResult, type Results } from "./results";

export const SECTIONS = ["ceilings", "ops", "kernels", "models"] as const;
export type Section = (typeof SECTIONS)[number];

export interface Settings {
  sections: readonly Section[];
  /** Sets of kernels beside the default: the name of a preset, or `field=value,..` over the default. */
  kernels: readonly string[];
  /** Of all sections together. */
  minutes: number;
  /** Only kernel cases and models with all of these words in their names. */
  words: readonly string[];
  /** What an earlier run found on this adapter. */
  earlier(adapter: Results["adapter"]): Results | undefined;
  /** Called after every measurement. */
  save(results: Results): void;
  log(line: string): void;
}

/** By which part of the time a section has to end. */
const UNTIL: Record<Section, number> = { ceilings: 0.2, ops: 0.35, kernels: 0.7, models: 1 };

const MODELS = [
  "opus-mt 58101 f32",
  "opus-mt 58101 f16",
  "opus-mt 58101 q8",
  "opus-mt f32",
  "opus-mt f16",
  "small f32",
];
const MORE_MODELS = ["t5 f32", "t5 f16", "opus-mt q8", "small q8"];

/** By the names of the constants of tuning.ts: GPU_TUNING is "gpu", EARLIER_GPU_TUNING "earlier gpu". */
export const PRESETS: Readonly<Record<string, Tuning>> = Object.fromEntries(
  Object.entries(tuningModule)
    .filter(([name]) => name.endsWith("_TUNING"))
    .map(([name, tuning]) => [name.slice(0, -"_TUNING".length).toLowerCase().replaceAll("_", " "), tuning]),
);

/** A tuning by its text. */
export function tuningOf(text: string, base: Tuning): Tuning {
  if (Object.hasOwn(PRESETS, text)) return PRESETS[text];
  const changed = Object.fromEntries(
    text.split(",").map((part): [string, unknown] => {
      const [field, value = ""] = part.split("=");
      const now = (base as unknown as Record<string, unknown>)[field];
      if (now === undefined) throw new Error(`--kernels: there is no "${field}" in ${Object.keys(base).join(", ")}`);
      return [field, typeof now === "number" ? Number(value) : typeof now === "boolean" ? value === "true" : value];
    }),
  );
  return { ...base, ...changed };
}

/** Of the code of all kernels: measurements of others say nothing of these. */
function fingerprintOf(tunings: Iterable<Tuning>): string {
  let hash = 0x811c9dc5;
  const text = [...tunings].flatMap((tuning) => kernelsOf(tuning).map(({ name, code }) => name + code)).join("");
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}

const names = (words: readonly string[], name: string): boolean => words.every((word) => name.includes(word));

export async function runBench(settings: Settings): Promise<Results> {
  const { log, words, minutes } = settings;
  const started = performance.now();
  const { device: plain, features } = await openPlain();
  const first = await openGpu();
  const { adapter } = first;
  const software = adapter.fallback;
  const base = PRESETS[software ? "software" : "gpu"];
  const tunings = new Map<string, Tuning>([["default", base]]);
  for (const text of settings.kernels) tunings.set(text, tuningOf(text, base));
  // Operations are compared on all presets, whatever is timed; one of them is the default.
  const presets = new Map(tunings);
  for (const [name, tuning] of Object.entries(PRESETS))
    if (![...tunings.values()].includes(tuning)) presets.set(name, tuning);
  const fingerprint = fingerprintOf(presets.values());
  const earlier = settings.earlier(adapter);
  const none = { tunings: {}, ops: {}, kernels: {}, models: {}, leftOut: [] };
  // What was measured of other kernels says nothing of these.
  const results: Results =
    earlier?.fingerprint === fingerprint
      ? earlier
      : { adapter, fingerprint, date: new Date().toISOString(), features, ...none };
  results.tunings = Object.fromEntries(presets);
  results.leftOut = [];
  log(`${adapterName(adapter)}${software ? ": a software adapter, so this is a rehearsal" : ""}`);

  const opened = new Map<string, Opened>([["default", first]]);
  const backendOf = async (name: string): Promise<Opened> => {
    const known = opened.get(name) ?? (await openGpu(presets.get(name)));
    opened.set(name, known);
    return known;
  };
  const late = (section: Section): boolean => performance.now() - started > UNTIL[section] * minutes * 60_000;
  const done = (line: string): void => {
    settings.save(results);
    log(`${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s  ${line}`);
  };

  const sections: Record<Section, () => Promise<void>> = {
    async ceilings() {
      results.ceilings ??= await measureCeilings(plain, software);
      done(`copy ${results.ceilings.copy.toFixed(0)} GB/s, multiply-add ${results.ceilings.fma.toFixed(0)} GFLOP/s`);
    },

    async ops() {
      const cpu = createCpuBackend();
      const wanted = [...presets.keys()].filter((name) => !results.ops[name]?.complete);
      const reports = new Map<string, OpsResult>();
      for (const name of wanted) reports.set(name, { cases: 0, worst: 0, failed: [], complete: false });
      for (const [at, { name, run }] of opCases.entries()) {
        if (late("ops")) {
          results.leftOut.push(`${opCases.length - at} of ${opCases.length} op cases`);
          break;
        }
        let expected: Awaited<ReturnType<typeof run>> | undefined;
        for (const [set, report] of reports) {
          const { ops } = await backendOf(set);
          expected ??= await run(cpu);
          report.cases++;
          try {
            const { worst, detail } = difference(await run(ops), expected);
            report.worst = Math.max(report.worst, worst);
            if (!(worst <= 1)) report.failed.push(`${name}: ${worst.toPrecision(3)} of the tolerance, ${detail}`);
          } catch (error) {
            report.failed.push(`${name}: ${String(error)}`);
          }
          report.complete = at === opCases.length - 1;
        }
      }
      cpu.dispose();
      for (const [set, report] of reports) {
        results.ops[set] = report;
        const { cases, failed, worst } = report;
        done(`ops, ${set}: ${cases - failed.length} of ${cases} right, worst ${worst.toFixed(2)} of the tolerance`);
        for (const line of failed.slice(0, 8)) log(`        FAILED ${line}`);
      }
    },

    async kernels() {
      const cases = kernelCases().filter(({ name, flop, bytes }) => {
        return names(words, name) && (!software || flop + bytes < 1.2e8);
      });
      for (const [at, testCase] of cases.entries()) {
        const known = (results.kernels[testCase.name] ??= { bytes: testCase.bytes, flop: testCase.flop, times: {} });
        const missing = [...tunings.keys()].filter((name) => !known.times[name]);
        if (missing.length === 0) continue;
        if (late("kernels")) {
          results.leftOut.push(`${cases.length - at} of ${cases.length} kernel cases`);
          break;
        }
        const sets = new Map<string, Opened>();
        for (const name of missing) sets.set(name, await backendOf(name));
        try {
          Object.assign(known.times, await timeCase(testCase, sets, software));
        } catch (error) {
          log(`        FAILED ${testCase.name}: ${String(error)}`);
          results.leftOut.push(`${testCase.name}: ${String(error)}`);
        }
        const shown = Object.values(known.times).map(({ us }) => `${us.toFixed(1)} us`);
        done(`${testCase.name}: ${shown.join(" | ")}`);
      }
    },

    async models() {
      for (const { ops } of opened.values()) ops.dispose();
      opened.clear();
      const all = software ? ["small f32", "small q8"] : [...MODELS, ...MORE_MODELS];
      for (const model of all.filter((name) => names(words, name))) {
        for (const set of tunings.keys()) {
          const known = (results.models[model] ??= {});
          if (known[set]) continue;
          if (late("models")) {
            results.leftOut.push(`the model ${model} with ${set}`);
            continue;
          }
          const dtype = model.slice(model.lastIndexOf(" ") + 1) as "f32" | "f16" | "q8";
          const name = model.slice(0, model.lastIndexOf(" "));
          try {
            const onWarning = (message: string) => void results.leftOut.push(`${model}, ${set}: ${message}`);
            const options = { device: "webgpu", worker: false, dtype, kernels: tunings.get(set), onWarning } as const;
            known[set] = await measureModel(name, options, software ? 8 : 96, software ? 1 : 3);
            const rates = known[set].runs.map((run) => `${run.workload} ${run.tokensPerSecond.toFixed(0)}`);
            done(`${model}, ${set}, tokens/s: ${rates.join(", ")}`);
          } catch (error) {
            results.leftOut.push(`${model}, ${set}: ${String(error)}`);
            done(`FAILED ${model}, ${set}: ${String(error)}`);
          }
        }
      }
    },
  };
  for (const section of settings.sections) await sections[section]();
  plain.destroy();
  for (const { ops } of opened.values()) ops.dispose();
  settings.save(results);
  return results;
}
