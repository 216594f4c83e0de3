/**
 * Beam search where the logits are a row of a table that the prefix picks: what test/goldens/beam_ops.py made Hugging Face
 * do. The search itself runs on a backend; here is the stand-in for the model.
 */

import { createWebGpuBackend } from "../../../src/backends/webgpu/backend";
import type { BeamState } from "../../../src/ops/beam-state";
import {
  beamTensors,
  createBeams,
  readBeams,
  startBeams,
  startSentence,
  type DeviceHypothesis,
} from "../../../src/generation/device/beam-readback";
import type { Ops } from "../../../src/ops/ops";
import goldens from "../../goldens/beams.json";

export interface BeamCase {
  name: string;
  vocab: number;
  seed: number;
  divisor: number;
  boost: number;
  batch: number;
  options: {
    num_beams: number;
    num_return_sequences: number;
    max_new_tokens: number;
    eos_token_id: number | number[] | null;
    length_penalty?: number;
    early_stopping?: boolean | string;
  };
  steps: number;
  hypotheses: { sentence: number; tokens: number[]; parents: number[]; logprobs: number[]; score: number }[];
}

export const beamCases = goldens.cases as BeamCase[];

/** (prefixes, V); the same bits as `table` of beam_ops.py. */
export function table({ vocab, seed, divisor, boost }: BeamCase): Float32Array {
  return Float32Array.from({ length: goldens.rows * vocab }, (_, i) => {
    let h = (Math.imul(i, 0x9e3779b1) + Math.imul(seed, 0x85ebca77)) >>> 0;
    h = Math.imul(h ^ (h >>> 16), 0x7feb352d) >>> 0;
    h = Math.imul(h ^ (h >>> 15), 0x846ca68b) >>> 0;
    h = (h ^ (h >>> 16)) >>> 0;
    return ((h & 0xffff) + (h >>> 16) - 0xffff) / divisor + (i % vocab === 2 ? boost : 0);
  });
}

/** The logits (B, V) for the prefixes, decoder start token included, of the rows. */
export function logitsFor(values: Float32Array, vocab: number, prefixes: number[][], beams: number): Float32Array {
  const out = new Float32Array(prefixes.length * vocab);
  prefixes.forEach((ids, row) => {
    const start = Math.floor(row / beams) + 7;
    const at = ids.reduce((sum, id) => (sum * 131 + id) % 65521, start) % goldens.rows;
    out.set(values.subarray(at * vocab, (at + 1) * vocab), row * vocab);
  });
  return out;
}

/** What a row of each step read: the running prefixes, rebuilt from `ancestors` as attention will read the cache. */
async function prefixesOf(ops: Ops, state: BeamState, fed: number[][]): Promise<number[][]> {
  const [capacity, , rows] = state.trace.shape;
  const parity = (fed.length - 1) & 1;
  const [ancestors] = await ops.submit(
    [],
    [{ tensor: state.ancestors, start: parity * capacity * rows, count: capacity * rows }],
  );
  return Array.from({ length: rows }, (_, row) => fed.map((tokens, p) => tokens[ancestors[p * rows + row]]));
}

export interface BeamResult {
  steps: number;
  hypotheses: DeviceHypothesis[][];
}

/** The whole search on a backend. */
export async function searchTable(ops: Ops, c: BeamCase): Promise<BeamResult> {
  const { num_beams: beams, max_new_tokens: capacity, eos_token_id: eos } = c.options;
  const eosTokenIds = eos === null ? [] : [eos].flat();
  const state = createBeams(ops, { sentences: c.batch, beams, endTokens: eosTokenIds.length, capacity });
  startBeams(ops, state, {
    promptLength: 1,
    maxLength: capacity + 1,
    eosTokenIds,
    lengthPenalty: c.options.length_penalty ?? 1,
    earlyStopping: (c.options.early_stopping ?? false) as boolean | "never",
  });
  for (let slot = 0; slot < c.batch; slot++) startSentence(ops, state, [goldens.start], slot);
  const rows = c.batch * beams;
  const logits = ops.create([rows, 1, c.vocab], "f32", "activations");
  const plan = await ops.record("select", () => {
    const logprobs = ops.logSoftmax(logits);
    ops.advanceBeams(ops.beamCandidates(logprobs, state), state, c.vocab);
  });
  const values = table(c);
  const fed: number[][] = [];
  let steps = 0;
  for (let done = false; !done; steps++) {
    const [tokens] = await ops.submit([], [{ tensor: state.token, start: 0, count: rows }]);
    fed.push(Array.from(tokens));
    ops.write(logits, logitsFor(values, c.vocab, await prefixesOf(ops, state, fed), beams));
    const [flags] = await ops.submit([plan], [{ tensor: state.done, start: 0, count: c.batch }]);
    done = Array.from(flags).every((flag) => flag === 1);
  }
  const backtrace = await ops.record("backtrace", () => ops.backtrace(state));
  const hypotheses = await readBeams(ops, state, backtrace, {
    slots: Array.from({ length: c.batch }, (_, i) => i),
    count: beams,
    steps,
    read: ["token", "parent", "score"],
  });
  ops.release(plan);
  ops.release(backtrace);
  ops.free([logits, ...beamTensors(state)]);
  return { steps, hypotheses };
}

/** What is wrong with a result by Hugging Face's; empty where nothing is. */
export function faults(c: BeamCase, { steps, hypotheses }: BeamResult): string[] {
  const returned = hypotheses.flatMap((list, sentence) =>
    list.slice(0, c.options.num_return_sequences).map((hypothesis) => ({ sentence, ...hypothesis })),
  );
  const found = steps === c.steps ? [] : [`${steps} steps, expected ${c.steps}`];
  if (returned.length !== c.hypotheses.length) found.push(`${returned.length} hypotheses`);
  c.hypotheses.forEach((expected, i) => {
    for (const name of ["sentence", "tokens", "parents"] as const) {
      const [is, should] = [JSON.stringify(returned[i][name]), JSON.stringify(expected[name])];
      if (is !== should) found.push(`hypothesis ${i}: ${name} ${is}, expected ${should}`);
    }
    [expected.score, ...expected.logprobs].forEach((should, j) => {
      const is = [returned[i].score, ...returned[i].logprobs][j];
      const close = Math.abs(is - should) <= 1e-5 * (1 + Math.abs(should));
      if (!close) found.push(`hypothesis ${i}: ${j === 0 ? "score" : "logprob"} ${is}, expected ${should}`);
    });
  });
  return found;
}

/** All cases on the GPU, in a page. */
export async function searchTablesOnGpu(): Promise<{ name: string; faults: string[] }[]> {
  const { ops } = await createWebGpuBackend();
  const results: { name: string; faults: string[] }[] = [];
  for (const c of beamCases) results.push({ name: c.name, faults: faults(c, await searchTable(ops, c)) });
  ops.dispose();
  return results;
}
