/**
 * The toy model of test/goldens/search.py: logits that are sums of three small tables. `searchToy` searches it without
 * a device; `searchOnDevice` through sessions and plans, as `Seq2Seq` does.
 */

import { createCpuBackend } from "../../../src/backends/cpu/backend";
import { createWebGpuBackend } from "../../../src/backends/webgpu/backend";
import { resolveConfig } from "../../../src/generation/options/resolve";
import type { GenerationConfig } from "../../../src/generation/options/generation-config";
import { createHostSearches } from "../../../src/generation/host";
import { createSentences, resultsOf, runSentences } from "../../../src/generation/generate";
import { wayOf, type Way } from "../../../src/generation/way";
import { rowOf } from "../../../src/generation/batch";
import type { Request } from "../../../src/generation/request";
import { prefixes, prompts } from "../../../src/generation/prompts";
import type { Hypothesis } from "../../../src/generation/search/search";
import { SessionPool } from "../../../src/generation/device/session-pool";
import type { Sentence } from "../../../src/generation/device/slots";
import type { Model, ModelInfo } from "../../../src/models/model";
import type { Ops } from "../../../src/ops/ops";

const V = 24;
export const TOY_VOCABULARY = V;

export const toyInfo: ModelInfo = {
  modelType: "toy",
  sourceVocabSize: V,
  targetVocabSize: V,
  maxSourceLength: 24,
  maxTargetLength: 24,
  padTokenId: 0,
  eosTokenIds: [2],
  decoderStartTokenId: 1,
  numDecoderLayers: 1,
  cacheWidth: 2,
};

export interface Tables {
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

/** The functions that search.py calls by the same names. */
export function allowedBy(name: string): (row: number, ids: readonly number[]) => number[] {
  const tokens = Array.from({ length: V }, (_, i) => i);
  if (name === "even") return () => tokens.filter((t) => t % 2 === 0);
  if (name === "by-row-and-length") return (row, ids) => tokens.filter((t) => (t + row + ids.length) % 3 !== 0);
  throw new Error(name);
}

/** The options of a case as `generate` takes them. */
export function optionsOf({ prefix, ...options }: SearchGolden["options"]): GenerationConfig {
  const given = { ...options };
  if (!given.max_length && !given.max_new_tokens) given.max_new_tokens = 12;
  if (prefix) given.prefix_allowed_tokens = allowedBy(prefix);
  return given;
}

function toyRequest(rows: number[][], options: GenerationConfig): Request {
  const start = options.decoder_input_ids as number[][] | undefined;
  const { startTokenId } = resolveConfig(options, {}, toyInfo);
  const prompt = prompts(start, rows.length, startTokenId, toyInfo);
  const config = resolveConfig(options, {}, toyInfo, { promptLength: prompt[0].length });
  const batch = {
    ids: rows,
    mask: rows.map((row) => row.map(() => 1)),
    length: Math.max(...rows.map((r) => r.length)),
  };
  return {
    batch,
    config,
    prompts: prompt,
    constraints: prefixes(options.constraint, rows.length, toyInfo),
    alternatives: options.output_alternatives ?? 0,
    logprobs: true,
  };
}

export function toySentences(rows: number[][], options: GenerationConfig): Sentence[] {
  const request = toyRequest(rows, options);
  const { batch, prompts } = request;
  return createHostSearches(request, { info: toyInfo } as Model).map((search, index) => {
    const row = rowOf(batch, index);
    return { index, ...row, length: row.inputIds.length, prompt: prompts[index], search };
  });
}

/** Runs one sentence to its end; `each` is called after every step. */
export function runToy(sentence: Sentence, tables: Tables, each?: (sentence: Sentence) => void): void {
  const { search, prompt, inputIds } = sentence;
  const source = tables.source[0].map(
    (_, v) => inputIds.reduce((sum, id) => sum + tables.source[id][v], 0) / inputIds.length,
  );
  let sequences = Array.from({ length: search.width }, () => [...prompt]);
  for (;;) {
    const logits = sequences.map((sequence) => {
      const [last, step] = [tables.last[sequence[sequence.length - 1]], tables.step[sequence.length - 1]];
      return Float32Array.from(last, (x, i) => x + step[i] + source[i]);
    });
    const move = search.step(logits, false);
    each?.(sentence);
    if (!move) return;
    sequences = move.tokens.map((token, i) => [...sequences[move.parents[i]], token]);
  }
}

export function searchToy(rows: number[][], options: GenerationConfig, tables: Tables): Hypothesis[] {
  const sentences = toySentences(rows, options);
  for (const sentence of sentences) runToy(sentence, tables);
  return resultsOf(sentences);
}

/** The toy model in operations: attention over keys of zeros is the mean of the values. */
function toyModel(ops: Ops, tables: Tables): Model {
  const weights = (rows: number[][]) =>
    ops.create([rows.length, rows[0].length], "f32", "weights", Float32Array.from(rows.flat()));
  const last = weights(tables.last);
  const step = weights(tables.step);
  const zeros = new Array<number>(V).fill(0);
  const source = weights(tables.source.map((row) => [...zeros, ...row])); // (V, 2V)
  const identity = weights(zeros.map((_, i) => zeros.map((_, j) => (i === j ? 1 : 0))));
  const bias = ops.create([V], "f32", "weights");
  return {
    info: toyInfo,
    encode: ({ input }) => ops.embed(input, source, { scale: 1 }),
    projectCross: (states) => [states],
    decode(ids, { cross, mask, position }) {
      const x = ops.embed(ids, last, { scale: 1, positions: step, offset: position }); // (R, 1, V)
      const residual = ops.attention(x, cross[0], { heads: 1, mask });
      return ops.linear(x, identity, { bias, residual });
    },
    // Without self-attention the tokens before the last do not count.
    prefill: () => undefined,
  };
}

export interface DeviceAnswer {
  way: Way;
  found: { tokens: number[]; logprobs: number[]; score?: number }[];
}

/** The answers of a backend to many cases. */
export async function searchOnDevice(
  device: "cpu" | "webgpu",
  rows: number[][],
  allTables: Record<string, Tables>,
  cases: SearchGolden[],
): Promise<DeviceAnswer[]> {
  const ops = device === "cpu" ? createCpuBackend() : (await createWebGpuBackend()).ops;
  const engines = new Map(
    Object.entries(allTables).map(([seed, tables]) => {
      const model = toyModel(ops, tables);
      return [seed, { ops, model, sessions: new SessionPool(ops, model, 8) }];
    }),
  );
  const answers: DeviceAnswer[] = [];
  for (const { seed, rows: count, options } of cases) {
    const engine = engines.get(String(seed));
    if (!engine) throw new Error(`no tables for seed ${seed}`);
    const request = toyRequest(rows.slice(0, count), optionsOf(options));
    const sentences = await createSentences(request, engine.model);
    for await (const _ of runSentences(engine, request, sentences, {
      encoded: () => undefined,
      drawn: () => undefined,
    }));
    const found = resultsOf(sentences).map(({ tokens, choices, score }) => {
      return { tokens, logprobs: choices.map(({ logprob }) => logprob), score };
    });
    answers.push({ way: wayOf(request, engine.model), found });
  }
  ops.dispose();
  return answers;
}
