/** The toy model of test/goldens/search.py: logits that are sums of three small tables, searched without a device. */

import { readFileSync } from "node:fs";
import { prefixes, prompts } from "../../src/generation/prompts";
import { resolveConfig, type GenerationConfig } from "../../src/generation/config";
import { createJobs, resultsOf } from "../../src/generation/generate";
import type { Hypothesis } from "../../src/generation/search";
import type { Job } from "../../src/generation/slots";
import type { Model, ModelInfo } from "../../src/models/model";

export const TOY_VOCABULARY = 24;

export const toyInfo: ModelInfo = {
  modelType: "toy",
  sourceVocabSize: TOY_VOCABULARY,
  targetVocabSize: TOY_VOCABULARY,
  maxSourceLength: 24,
  maxTargetLength: 24,
  padTokenId: 0,
  eosTokenIds: [2],
  decoderStartTokenId: 1,
  numDecoderLayers: 1,
  cacheWidth: 2,
};

interface Tables {
  last: number[][];
  step: number[][];
  source: number[][];
}

export interface SearchGolden {
  seed: number;
  rows: number;
  options: GenerationConfig & { prefix?: string };
  found: { sequence: number[]; logprobs: (number | string)[]; score?: number | string }[];
}

export interface SearchGoldens {
  rows: number[][];
  tables: Record<string, Tables>;
  cases: SearchGolden[];
}

export const searchGoldens = (): SearchGoldens =>
  JSON.parse(readFileSync("test/goldens/search.json", "utf8")) as SearchGoldens;

/** The functions that search.py calls by the same names. */
export function allowedBy(name: string): (row: number, ids: readonly number[]) => number[] {
  const tokens = Array.from({ length: TOY_VOCABULARY }, (_, i) => i);
  if (name === "even") return () => tokens.filter((t) => t % 2 === 0);
  if (name === "by-row-and-length") return (row, ids) => tokens.filter((t) => (t + row + ids.length) % 3 !== 0);
  throw new Error(name);
}

export function toyJobs(rows: number[][], options: GenerationConfig): Job[] {
  const start = options.decoder_input_ids as number[][] | undefined;
  const { startTokenId } = resolveConfig(options, {}, toyInfo);
  const prompt = prompts(start, rows.length, startTokenId, toyInfo);
  const config = resolveConfig(options, {}, toyInfo, { promptLength: prompt[0].length });
  const batch = {
    ids: rows,
    mask: rows.map((row) => row.map(() => 1)),
    length: Math.max(...rows.map((r) => r.length)),
  };
  const request = {
    batch,
    config,
    prompts: prompt,
    constraints: prefixes(options.constraint, rows.length, toyInfo),
    alternatives: options.output_alternatives ?? 0,
    logprobs: true,
  };
  return createJobs(request, { info: toyInfo } as Model);
}

/** Runs one job to its end; `each` is called after every step. */
export function runToy(job: Job, tables: Tables, each?: (job: Job) => void): void {
  const { search, prompt, ids } = job;
  let sequences = Array.from({ length: search.width }, () => [...prompt]);
  for (;;) {
    const logits = sequences.map((sequence) => {
      const [last, step, source] = [
        tables.last[sequence[sequence.length - 1]],
        tables.step[sequence.length - 1],
        tables.source[ids[0]],
      ];
      return Float32Array.from(last, (x, i) => x + step[i] + source[i]);
    });
    const move = search.step(logits, false);
    each?.(job);
    if (!move) return;
    sequences = move.tokens.map((token, i) => [...sequences[move.parents[i]], token]);
  }
}

export function searchToy(rows: number[][], options: GenerationConfig, tables: Tables): Hypothesis[] {
  const jobs = toyJobs(rows, options);
  for (const job of jobs) runToy(job, tables);
  return resultsOf(jobs);
}
