/** The logits processors on a backend, over test/goldens/device_processors.json: what those of Hugging Face made of the same scores. */

import { createWebGpuBackend } from "../../../src/backends/webgpu/backend";
import { LEAST } from "../../../src/util/scores";
import type { GenerationConfig } from "../../../src/index";
import type { Ops } from "../../../src/ops/ops";
import {
  packProcessors,
  type ProcessorContext,
  type ProcessorState,
  type LogitsProcessors,
} from "../../../src/ops/logits-processors";
import { size, type Tensor } from "../../../src/tensor/tensor";
import goldens from "../../goldens/device_processors.json";

export interface RuleCase {
  options: GenerationConfig;
  eos: number | number[];
  source: number[];
  sequences: number[][];
  scores: number[][];
  /** null: banned */
  expected: (number | null)[][];
}

export const ruleCases = goldens.cases as unknown as RuleCase[];

export const noRules: LogitsProcessors = {
  sequenceBias: [],
  encoderRepetitionPenalty: 1,
  repetitionPenalty: 1,
  noRepeatNgramSize: 0,
  encoderNoRepeatNgramSize: 0,
  badWordsIds: [],
  minLength: 0,
  forcedEosTokenIds: [],
  suppressTokens: [],
  beginSuppressTokens: [],
  forcedDecoderIds: [],
};

function rulesOf(options: GenerationConfig): LogitsProcessors {
  const minNew = options.min_new_tokens === undefined ? 0 : options.min_new_tokens + 1;
  return {
    sequenceBias: options.sequence_bias ?? [],
    encoderRepetitionPenalty: options.encoder_repetition_penalty ?? 1,
    repetitionPenalty: options.repetition_penalty ?? 1,
    noRepeatNgramSize: options.no_repeat_ngram_size ?? 0,
    encoderNoRepeatNgramSize: options.encoder_no_repeat_ngram_size ?? 0,
    badWordsIds: options.bad_words_ids ?? [],
    minLength: Math.max(options.min_length ?? 0, minNew),
    forcedBosTokenId: [options.forced_bos_token_id ?? []].flat()[0],
    forcedEosTokenIds: [options.forced_eos_token_id ?? []].flat(),
    exponentialDecay: options.exponential_decay_length_penalty,
    suppressTokens: options.suppress_tokens ?? [],
    beginSuppressTokens: options.begin_suppress_tokens ?? [],
    forcedDecoderIds: [],
  };
}

export interface RuleInputs {
  rules: LogitsProcessors;
  context: ProcessorContext;
  /** One for each row, of any lengths, all with the same first token. */
  sequences: number[][];
  /** One for each sentence, which all have the same number of rows. */
  sources: number[][];
}

/** Puts sequences where the device would have them: in rows of their own, or scattered over the rows as beams leave them. */
export function ruleState(ops: Ops, inputs: RuleInputs, scattered: boolean): ProcessorState {
  const { rules, context, sequences, sources } = inputs;
  const rows = sequences.length;
  const capacity = Math.max(...sequences.map(({ length }) => length)) + 1;
  const fields = scattered ? 3 : 1;
  const history = new Uint32Array(capacity * fields * rows);
  const ancestors = new Uint32Array(2 * capacity * rows).fill(0);
  sequences.forEach((ids, row) => {
    const parity = (ids.length - 1) & 1;
    ids.forEach((token, p) => {
      const holder = scattered ? (row + 5 * p) % rows : row;
      ancestors[(parity * capacity + p) * rows + row] = holder;
      if (p > 0) history[(p - 1) * fields * rows + holder] = token;
    });
  });
  const longest = Math.max(...sources.map(({ length }) => length));
  const source = new Uint32Array(sources.length * longest);
  sources.forEach((ids, item) => source.set(ids, item * longest));
  const table = packProcessors(rules, context);
  const u32 = (shape: number[], data: ArrayLike<number>): Tensor =>
    ops.create(shape, "u32", "activations", Uint32Array.from(data));
  return {
    // Longer than need be, as in a shared session.
    table: u32([table.length + 7], [...table, ...new Array<number>(7).fill(3)]),
    position: u32(
      [rows],
      sequences.map(({ length }) => length - 1),
    ),
    history: u32(scattered ? [capacity, 3, rows] : [capacity, rows], history),
    ancestors: scattered ? u32([2, capacity, rows], ancestors) : undefined,
    source: u32([sources.length, longest], source),
    sourceLength: u32(
      [sources.length],
      sources.map(({ length }) => length),
    ),
  };
}

export function ruleTensors(state: ProcessorState): Tensor[] {
  const { table, position, history, ancestors, source, sourceLength } = state;
  return [table, position, history, ...(ancestors ? [ancestors] : []), source, sourceLength];
}

/** What is wrong with the scores that a backend makes; empty where nothing is. */
export async function ruleFaults(ops: Ops, c: RuleCase, scattered: boolean): Promise<string[]> {
  const context = {
    startTokenId: goldens.start,
    eosTokenIds: [c.eos].flat(),
    promptLength: 1,
    maxLength: goldens.maxLength,
  };
  const inputs = { rules: rulesOf(c.options), context, sequences: c.sequences, sources: [c.source] };
  const state = ruleState(ops, inputs, scattered);
  const rows = c.sequences.length;
  const scores = ops.create([rows, 1, goldens.vocabulary], "f32", "activations", Float32Array.from(c.scores.flat()));
  const plan = await ops.record("rules", () => {
    ops.processLogits(scores, state);
    return c.options.renormalize_logits ? ops.logSoftmax(scores) : scores;
  });
  const [result] = await ops.submit([plan], [{ tensor: plan.outputs, start: 0, count: size(scores.shape) }]);
  ops.release(plan);
  ops.free([scores, ...ruleTensors(state)]);
  return c.expected.flat().flatMap((expected, i) => {
    const right =
      expected === null ? result[i] <= LEAST / 2 : Math.abs(result[i] - expected) <= 2e-6 + 1e-5 * Math.abs(expected);
    const at = `row ${Math.floor(i / goldens.vocabulary)}, token ${i % goldens.vocabulary}`;
    return right ? [] : [`${at}: ${result[i]}, expected ${expected}`];
  });
}

/** All cases on the GPU, in a page. */
export async function ruleFaultsOnGpu(): Promise<{ name: string; faults: string[] }[]> {
  const { ops } = await createWebGpuBackend();
  const results: { name: string; faults: string[] }[] = [];
  for (const c of ruleCases) {
    for (const scattered of [false, true]) {
      results.push({ name: JSON.stringify(c.options), faults: await ruleFaults(ops, c, scattered) });
    }
  }
  ops.dispose();
  return results;
}
