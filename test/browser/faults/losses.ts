/** Devices that are lost, at all stages of a load and of each kind of call. */

import type { FaultCase } from "../../support/page/device-faults";
import type { Moment } from "../../support/page/moments";
import type { DeviceFault } from "./device-fault";

/** No end token comes, so that every row takes all steps. */
const long = { max_new_tokens: 24, eos_token_id: 0, output_scores: true };
const rows = [[4, 5, 6, 7], [8, 9], [10, 11, 12, 13, 14, 15], [5]];
const one = [[4, 5, 6, 7]];
/** More than the slots of a session. */
export const many = Array.from({ length: 70 }, (_, i) => [4 + (i % 13), 5 + (i % 7)]);

export const submit = (at: number): Moment => ({ method: "submit", at });

/** By name: a call, and before which of its submits the device is lost; `soakAt`: in `npm run test:soak`. */
export const CALLS: Record<string, FaultCase & { at: number[]; soakAt?: number[] }> = {
  "greedy search": { call: "generate", rows, options: long, at: [9], soakAt: [1, 2, 24] },
  "greedy search with processors": {
    call: "generate",
    rows,
    options: { ...long, repetition_penalty: 1.3, no_repeat_ngram_size: 3 },
    at: [],
    soakAt: [10],
  },
  "greedy search of more rows than slots": {
    call: "generate",
    rows: many,
    options: { max_new_tokens: 20, output_scores: true },
    at: [22],
    soakAt: [3],
  },
  "a beam search": { call: "generate", rows, options: { ...long, num_beams: 3 }, at: [8], soakAt: [1, 25] },
  "a beam search in JavaScript": {
    call: "generate",
    rows,
    options: { ...long, num_beams: 3, output_alternatives: 2 },
    at: [8],
    soakAt: [1],
  },
  "a diverse beam search": {
    call: "generate",
    rows,
    options: { ...long, num_beams: 4, num_beam_groups: 2, diversity_penalty: 0.5 },
    at: [],
    soakAt: [8],
  },
  sampling: {
    call: "generate",
    rows,
    options: { ...long, do_sample: true, top_k: 9, seed: 11, num_return_sequences: 3 },
    at: [7],
    soakAt: [1],
  },
  // Half of the tokens are drawn in JavaScript, from logits that a submit of its own reads, or the step's.
  "sampling without top_k": {
    call: "generate",
    rows,
    options: { ...long, do_sample: true, top_k: 0, top_p: 0.95, seed: 11, num_return_sequences: 2 },
    model: { vocabSize: 150 },
    at: [10],
    soakAt: [3, 4, 5, 11, 17],
  },
  "beam sampling": {
    call: "generate",
    rows,
    options: { ...long, do_sample: true, num_beams: 3, seed: 5 },
    at: [],
    soakAt: [7],
  },
  "a call with a prompt": {
    call: "generate",
    rows,
    options: { ...long, decoder_input_ids: rows.map(() => [1, 6, 7]) },
    at: [9],
    soakAt: [2],
  },
  "a stream": { call: "stream", rows, options: long, at: [9], soakAt: [1] },
  "a stream of a beam search": {
    call: "stream",
    rows: one,
    options: { ...long, num_beams: 3 },
    at: [20],
    soakAt: [9],
  },
  "a stream of samples": {
    call: "stream",
    rows,
    options: { ...long, do_sample: true, seed: 3 },
    at: [],
    soakAt: [9],
  },
  "the pass for attentions": {
    call: "generate",
    rows,
    options: { ...long, output_attentions: true },
    at: [26],
    soakAt: [27],
  },
  "forward()": { call: "forward", rows: [rows[0], rows[2]], at: [1], soakAt: [2] },
};

const inCalls = Object.entries(CALLS).flatMap(([name, { at, soakAt = [], ...call }]) =>
  [...at, ...soakAt].map((step): DeviceFault => {
    const title = `lost in ${name}, at submit ${step}`;
    const soak = soakAt.includes(step) && ({ soak: true } as const);
    return { name: title, ...soak, ...call, moments: [submit(step)], outcome: "same", devices: 2 };
  }),
);

export const greedy: FaultCase = { call: "generate", rows, options: long };
export const stream: FaultCase = { call: "stream", rows, options: long };
const wasm = { ends: "wasm", outcome: "near", next: "near", warns: /lost 3 times in a row.*wasm/ } as const;
export const withoutGpu = { device: "wasm", ends: "wasm", devices: 0 } as const;
export const task = (at: number): Moment => ({ method: "postMessage", at });

/** Sums over 512 and more elements, which differ in their last bits where another kernel computes them. */
const real = {
  path: "/models/en-fr/",
  rows: [
    [120, 45, 310, 7, 98, 2],
    [77, 12, 2],
  ],
};

/** A tiny Whisper that judges its windows: in the end its decoder reads them once more. */
const whisper: FaultCase = {
  call: "generate",
  rows: [],
  sound: true,
  path: "/test/goldens/speech/whisper/",
  options: {
    ...{ language: "en", task: "transcribe", max_new_tokens: 20, eos_token_id: 1, output_scores: true },
    ...{ return_no_speech: true, alignment_heads: [[1, 0]] },
  },
};

export const losses: readonly DeviceFault[] = [
  ...inCalls,
  ...[5, 22].map((at): DeviceFault => {
    const name = `lost in a Whisper that judges its windows, at submit ${at}`;
    const soak = at === 5 && ({ soak: true } as const);
    return { name, ...soak, ...whisper, moments: [submit(at)], outcome: "same", devices: 2 };
  }),
  {
    name: "lost in greedy search of the default model",
    call: "generate",
    ...real,
    options: { max_new_tokens: 16, output_scores: true },
    moments: [submit(5)],
    outcome: "same",
    devices: 2,
  },
  {
    name: "lost in sampling with the default model",
    soak: true,
    call: "stream",
    ...real,
    options: { max_new_tokens: 16, output_scores: true, do_sample: true, seed: 4 },
    moments: [submit(6)],
    outcome: "same",
    devices: 2,
  },

  {
    name: "lost while tensors are made",
    soak: true,
    ...greedy,
    loading: [{ method: "createBuffer", at: 5 }],
    outcome: "same",
    devices: 2,
  },
  {
    name: "lost while weights arrive",
    ...greedy,
    loading: [{ method: "writeBuffer", at: 20 }],
    outcome: "same",
    devices: 2,
  },
  {
    name: "lost while kernels are compiled",
    soak: true,
    ...greedy,
    loading: [{ method: "createComputePipelineAsync", at: 2 }],
    outcome: "same",
    devices: 2,
  },
  {
    name: "lost while the first session is made",
    soak: true,
    ...greedy,
    loading: [{ method: "createBindGroup", at: 9 }],
    outcome: "same",
    devices: 2,
  },
  {
    name: "lost twice while loading",
    soak: true,
    ...greedy,
    loading: [
      { method: "writeBuffer", at: 20 },
      { method: "writeBuffer", at: 9 },
    ],
    outcome: "same",
    devices: 3,
  },
  {
    name: "lost three times while loading",
    ...greedy,
    loading: [
      { method: "writeBuffer", at: 20 },
      { method: "writeBuffer", at: 9 },
      { method: "createBindGroup", at: 3 },
    ],
    devices: 3,
    ...wasm,
  },
  { name: "lost between calls", ...greedy, between: true, outcome: "same", devices: 2 },
  {
    name: "lost between calls, a device refused",
    soak: true,
    ...greedy,
    between: true,
    refuse: 1,
    outcome: "same",
    devices: 2,
  },
  { name: "lost between calls, all devices refused", ...greedy, between: true, refuse: 9, devices: 1, ...wasm },
  {
    name: "lost twice in a call",
    soak: true,
    ...greedy,
    moments: [submit(9), submit(15)],
    outcome: "same",
    devices: 3,
  },
  {
    name: "lost again while it comes back",
    ...greedy,
    moments: [submit(9), { method: "writeBuffer", at: 7 }],
    outcome: "same",
    devices: 3,
  },
  { name: "lost three times in a call", ...greedy, moments: [submit(9), submit(15), submit(4)], devices: 3, ...wasm },
  {
    name: "lost three times in a stream",
    soak: true,
    ...stream,
    moments: [submit(9), submit(15), submit(4)],
    devices: 3,
    ...wasm,
  },
  {
    name: "lost three times in a beam search",
    soak: true,
    ...CALLS["a beam search"],
    moments: [submit(9), submit(9), submit(9)],
    devices: 3,
    ...wasm,
  },
  {
    name: "lost, and the source gives its weights once",
    ...greedy,
    once: true,
    moments: [submit(9)],
    outcome: "device_lost",
    says: /could not be loaded again: model\.safetensors: its stream is already being read/,
    hint: /only once/,
    devices: 2,
  },
  {
    name: "lost, and the weights cannot be reached for a while",
    ...greedy,
    gone: 1,
    moments: [submit(9)],
    outcome: "device_lost",
    says: /could not be loaded again: .*the network is down/,
    hint: /[Cc]all again/,
    devices: 1,
  },

  {
    name: "a result cannot be read, once",
    ...greedy,
    moments: [{ method: "mapAsync", at: 6, act: "rejects" }],
    outcome: "same",
    devices: 2,
  },
  {
    name: "results cannot be read any more",
    soak: true,
    ...greedy,
    moments: [
      { method: "mapAsync", at: 1, act: "rejects", times: 1 },
      { method: "mapAsync", at: 1, act: "rejects" },
      { method: "mapAsync", at: 1, act: "rejects" },
    ],
    devices: 3,
    ...wasm,
  },
];
