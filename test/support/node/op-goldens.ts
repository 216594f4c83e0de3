/**
 * The operations against PyTorch: every case of test/goldens/ops.json (made by ops.py). Beam search and the logits processors
 * are compared with Hugging Face, in ../page/beam-table.ts and ../shared/processors-table.ts.
 */

import { readFileSync } from "node:fs";
import { createCpuBackend } from "../../../src/backends/cpu/backend";
import type { Activation, AttentionOptions, Norm, Ops } from "../../../src/ops/ops";
import { size, type Tensor } from "../../../src/tensor/tensor";
import { beamCases, faults, searchTable } from "../page/beam-table";
import { difference, type Difference } from "../shared/difference";
import { watch, type OperationName } from "../shared/op-bench";
import { ruleCases, ruleFaults } from "../shared/processors-table";

interface Values {
  dtype: "f32" | "u32";
  shape: number[];
  data: number[];
}

export interface GoldenCase {
  op: string;
  name: string;
  options: {
    scale: number;
    eps: number;
    kind?: Norm["kind"];
    residualEps: number;
    activation: Activation;
    gated?: boolean;
    heads: number;
    causal: boolean;
    padTokenId?: number;
  };
  inputs: Record<string, Values>;
  outputs: Values[];
}

const golden = JSON.parse(readFileSync(new URL("../../goldens/ops.json", import.meta.url), "utf8")) as {
  cases: GoldenCase[];
};

export const goldenCases = golden.cases;

/** The inputs of one case on the device. `data` of an input that the case lacks is an error, `maybe` is undefined. */
export function inputsOf(ops: Ops, { inputs, options }: GoldenCase) {
  const make = (shape: readonly number[], dtype: "f32" | "u32", data: ArrayLike<number>): Tensor =>
    ops.create(shape, dtype, "activations", dtype === "f32" ? Float32Array.from(data) : Uint32Array.from(data));
  const maybe = (name: string) => inputs[name] && make(inputs[name].shape, inputs[name].dtype, inputs[name].data);
  const norm = (name: string, eps: number): Norm | undefined => {
    const weights = maybe(name);
    return weights && { weights, eps, kind: options.kind };
  };
  /** Rows `from` .. of an input. */
  const rows = (name: string, from: number, to: number): Tensor => {
    const { shape, dtype, data } = inputs[name];
    const width = size(shape.slice(1));
    return make([to - from, ...shape.slice(1)], dtype, data.slice(from * width, to * width));
  };
  return { make, maybe, norm, rows, need: (name: string): Tensor => maybe(name) };
}

/** (B, C, D) key and value, side by side: (B, C, 2D). */
function interleaved(ops: Ops, key: Values, value: Values): Tensor {
  const [b, c, d] = key.shape;
  const data = new Float32Array(2 * key.data.length);
  for (let row = 0; row < b * c; row++) {
    data.set(key.data.slice(row * d, (row + 1) * d), 2 * row * d);
    data.set(value.data.slice(row * d, (row + 1) * d), (2 * row + 1) * d);
  }
  return ops.create([b, c, 2 * d], "f32", "activations", data);
}

/** Creates the inputs of a case and returns what records it. */
export const runners: Record<string, (ops: Ops, c: GoldenCase) => () => Tensor[]> = {
  embed(ops, c) {
    const { need, maybe, norm } = inputsOf(ops, c);
    const [ids, table, positions, offset] = [need("ids"), need("table"), need("positions"), maybe("offset")];
    const { scale, padTokenId, eps } = c.options;
    return () => [ops.embed(ids, table, { scale, padTokenId, positions, offset, norm: norm("norm", eps) })];
  },
  layerNorm(ops, c) {
    const { need, norm } = inputsOf(ops, c);
    const [x, weights] = [need("x"), norm("norm", c.options.eps)];
    return () => [ops.layerNorm(x, weights as Norm)];
  },
  linear(ops, c) {
    const { need, maybe, norm } = inputsOf(ops, c);
    const [x, w] = [need("x"), need("w")];
    const { activation, eps, residualEps, scale } = c.options;
    const options = {
      bias: need("bias"),
      norm: norm("norm", eps),
      residual: maybe("residual"),
      residualNorm: norm("residualNorm", residualEps),
      scale,
      gated: c.options.gated,
    };
    // "none" is what leaving the activation out means.
    return () => [ops.linear(x, w, activation === "none" ? options : { ...options, activation })];
  },
  attention(ops, c) {
    const { need, maybe } = inputsOf(ops, c);
    const query = need("query");
    const cache = interleaved(ops, c.inputs.key, c.inputs.value);
    const { heads, scale } = c.options;
    const positionBias = c.inputs.table && { table: need("table"), buckets: need("buckets") };
    const options = { heads, scale, mask: maybe("mask"), causalFrom: maybe("causalFrom"), positionBias };
    return () => [ops.attention(query, cache, options), ops.attentionWeights(query, cache, options)];
  },
  /** nn.MultiheadAttention, as src/models/families/transformer.ts writes it. */
  multihead(ops, c) {
    const { need, maybe, rows, make } = inputsOf(ops, c);
    const { heads, causal } = c.options;
    const [x, states, outWeight, outBias] = [need("x"), maybe("states"), need("outWeight"), need("outBias")];
    const [b, , d] = x.shape;
    const causalFrom = causal ? make([b], "u32", new Uint32Array(b)) : undefined;
    const options: AttentionOptions = { heads, mask: maybe("mask"), causalFrom };
    const part = (from: number, to: number) => [rows("inWeight", from, to), rows("inBias", from, to)];
    const [all, allBias] = part(0, 3 * d);
    const [queryWeight, queryBias] = part(0, d);
    const [keyValueWeight, keyValueBias] = part(d, 3 * d);
    return () => {
      const { query, cache } = states
        ? {
            query: ops.linear(x, queryWeight, { bias: queryBias }),
            cache: ops.linear(states, keyValueWeight, { bias: keyValueBias }),
          }
        : ops.projectQueryKeyValue(x, all, { bias: allBias });
      const context = ops.attention(query, cache, options);
      return [ops.linear(context, outWeight, { bias: outBias }), ops.attentionWeights(query, cache, options)];
    };
  },
  softmax(ops, c) {
    const x = inputsOf(ops, c).need("x");
    return () => [ops.softmax(x)];
  },
  selectGreedy(ops, c) {
    const { need, make } = inputsOf(ops, c);
    const logits = need("logits");
    const b = logits.shape[0];
    const zeros = new Uint32Array(b);
    const state = {
      token: make([b, 1], "u32", zeros),
      position: make([b], "u32", zeros),
      finished: make([b], "u32", zeros),
      history: make([1, b], "u32", zeros),
      logprobs: make([1, b], "f32", zeros),
      eos: make([1], "u32", [0xffffffff]),
      pad: 0,
    };
    return () => {
      ops.selectGreedy(logits, state);
      return [state.token, state.logprobs];
    };
  },
};

/** Records and runs `body` once, and reads what it returns. */
export async function runOnce(ops: Ops, body: () => Tensor[]): Promise<Float32Array[]> {
  const plan = await ops.record("case", body);
  const slices = plan.outputs.map((tensor) => ({ tensor, start: 0, count: size(tensor.shape) }));
  const results = await ops.submit([plan], slices);
  return results.map((data) => Float32Array.from(data));
}

/** A case of a golden, and how far the CPU is from it. */
export interface GoldenResult extends Difference {
  name: string;
  operations: OperationName[];
}

/** Operations that no golden here computes, and the test that compares what is made of them with PyTorch or transformers. */
export const COMPARED_IN: Partial<Record<OperationName, string>> = {
  topK: "test/generation/device/sampling.test.ts",
  sample: "test/generation/device/sampling.test.ts",
  convolve: "test/checkpoints/speech.test.ts",
  groupNorm: "test/checkpoints/speech.test.ts",
  compressFrames: "test/checkpoints/speech.test.ts",
  addPositions: "test/checkpoints/speech.test.ts",
  timestampRules: "test/generation/whisper-rules.test.ts",
};

/** Every golden, on the CPU. */
export async function goldenResults(): Promise<GoldenResult[]> {
  const results: GoldenResult[] = [];
  const run = async (name: string, body: (ops: Ops) => Promise<Difference>): Promise<void> => {
    const { ops, operations } = watch(createCpuBackend());
    const found = await body(ops);
    results.push({ name, operations: [...operations], ...found });
  };
  /** Lists of what is wrong: nothing is the only right answer. */
  const exact = (wrong: string[]): Difference => ({ worst: wrong.length > 0 ? Infinity : 0, detail: wrong.join("; ") });
  for (const c of goldenCases) {
    await run(`${c.op} ${c.name}`, async (ops) => {
      const expected = c.outputs.map(({ data }) => Float32Array.from(data));
      return difference(await runOnce(ops, runners[c.op](ops, c)), expected);
    });
  }
  for (const c of beamCases) await run(`beams, ${c.name}`, async (ops) => exact(faults(c, await searchTable(ops, c))));
  for (const c of ruleCases) {
    await run(`processors ${JSON.stringify(c.options)}`, async (ops) => exact(await ruleFaults(ops, c, false)));
  }
  return results;
}
