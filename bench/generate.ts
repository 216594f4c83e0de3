/** Runs in a page: what loading and generating cost, by the clock and by the engine's own counters. */

import { Seq2Seq, type AdapterInfo, type LoadOptions, type Memory } from "../src/index";
import { benchModel } from "./models";

export interface Workload {
  rows: number;
  /** Tokens of each source. */
  source: number;
  beams: number;
  /** Draws from the 50 best, instead of a search. */
  sample?: boolean;
}

export interface Run {
  workload: string;
  firstTokenMs: number;
  msPerToken: number;
  /** Of a step: exact on every machine. */
  dispatches: number;
  submits: number;
  bytesRead: number;
}

export interface Report {
  adapter?: AdapterInfo;
  loadMs: number;
  memory: Memory;
  runs: Run[];
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1];

/**
 * Medians of `rounds` runs after one to warm up, with `tokens` new tokens a sentence.
 * @param inspect called after each workload, with what runs it once more for a number of tokens
 */
export async function measure(
  name: string,
  options: LoadOptions,
  workloads: Record<string, Workload>,
  tokens: number,
  rounds: number,
  inspect?: (run: Run, again: (tokens: number) => Promise<unknown>) => Promise<void>,
): Promise<Report> {
  const source = benchModel(name);
  const started = performance.now();
  const model = await Seq2Seq.load(source, { worker: false, ...options });
  const loadMs = performance.now() - started;
  const runs: Run[] = [];
  for (const [workload, { rows, source: length, beams, sample }] of Object.entries(workloads)) {
    const ids = Array.from({ length: rows }, (_, row) => Array.from({ length }, (_, i) => 100 + 13 * row + i));
    const timed = async (max_new_tokens: number) => {
      const start = performance.now();
      const search = sample ? { do_sample: true, seed: 1 } : beams > 1 ? { num_beams: beams } : {};
      const { stats } = await model.generate(ids, { ...search, max_new_tokens });
      return { ms: performance.now() - start, stats };
    };
    await timed(tokens);
    const [short, long] = [[], []] as Awaited<ReturnType<typeof timed>>[][];
    for (let i = 0; i < rounds; i++) {
      short.push(await timed(1));
      long.push(await timed(tokens));
    }
    const firstTokenMs = median(short.map(({ ms }) => ms));
    const perStep = (of: (stats: (typeof long)[0]["stats"]) => number): number =>
      (of(long[0].stats) - of(short[0].stats)) / (tokens - 1);
    const run: Run = {
      workload,
      firstTokenMs,
      msPerToken: (median(long.map(({ ms }) => ms)) - firstTokenMs) / (rows * (tokens - 1)),
      dispatches: perStep((stats) => stats.dispatches),
      submits: perStep((stats) => stats.submits),
      bytesRead: perStep((stats) => stats.bytes),
    };
    runs.push(run);
    await inspect?.(run, timed);
  }
  const memory = model.memory();
  await model.dispose();
  return { adapter: model.adapter, loadMs, memory, runs };
}
