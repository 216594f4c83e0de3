/** The CPU backend against PyTorch: every case of test/goldens/ops.json (made by ops.py), every element. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createCpuBackend } from "../../../src/backends/cpu/backend";
import type { Activation, AttentionOptions, Norm, Ops } from "../../../src/ops/ops";
import { size, type Tensor } from "../../../src/tensor/tensor";

interface Values {
  dtype: "f32" | "u32";
  shape: number[];
  data: number[];
}

interface Case {
  op: string;
  name: string;
  options: {
    scale: number;
    eps: number;
    kind?: Norm["kind"];
    residualEps: number;
    activation: Activation;
    heads: number;
    causal: boolean;
    padTokenId?: number;
  };
  inputs: Record<string, Values>;
  outputs: Values[];
}

const golden = JSON.parse(readFileSync(new URL("../../goldens/ops.json", import.meta.url), "utf8")) as {
  cases: Case[];
};

/** The inputs of one case on the device. `data` of an input that the case lacks is an error, `maybe` is undefined. */
function inputsOf(ops: Ops, { inputs, options }: Case) {
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
const runners: Record<string, (ops: Ops, c: Case) => () => Tensor[]> = {
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
      multiply: maybe("multiply"),
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

async function read(ops: Ops, body: () => Tensor[]): Promise<number[][]> {
  const plan = await ops.record("case", body);
  const slices = plan.outputs.map((tensor) => ({ tensor, start: 0, count: size(tensor.shape) }));
  return (await ops.submit([plan], slices)).map((data) => Array.from(data));
}

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((x, i) => {
    const off = Math.abs(actual[i] - x);
    if (!(off <= 2e-6 + 1e-5 * Math.abs(x))) expect.fail(`element ${i} is ${actual[i]}, PyTorch says ${x}`);
  });
}

test("the goldens hold every operation", () => {
  expect(Object.keys(runners).sort()).toEqual([...new Set(golden.cases.map(({ op }) => op))].sort());
  expect(golden.cases.length).toBeGreaterThanOrEqual(45);
});

describe("as PyTorch computes it", () => {
  test.each(golden.cases.map((c) => [`${c.op} ${c.name}`, c] as const))("%s", async (_name, c) => {
    const ops = createCpuBackend();
    const body = runners[c.op](ops, c);
    let shapes: readonly (readonly number[])[] = [];
    const results = await read(ops, () => {
      const outputs = body();
      shapes = outputs.map(({ shape }) => shape);
      return outputs;
    });
    expect(results.length).toBe(c.outputs.length);
    c.outputs.forEach(({ data, shape }, i) => {
      if (c.op !== "selectGreedy") expect(shapes[i]).toEqual(shape);
      expectClose(results[i], data);
    });
  });
});

describe("as PyTorch computes it, step by step", () => {
  const causal = golden.cases.filter(({ op, options }) => op === "multihead" && options.causal);

  test.each(causal.map((c) => [c.name, c] as const))("%s through a cache, one position a step", async (_name, c) => {
    const ops = createCpuBackend();
    const { need, make } = inputsOf(ops, c);
    const [inWeight, inBias, outWeight, outBias] = ["inWeight", "inBias", "outWeight", "outBias"].map(need);
    const [b, t, d] = c.inputs.x.shape;
    const cache = ops.create([b, t + 2, 2 * d], "f32", "cache");
    const offset = make([b], "u32", new Uint32Array(b));
    const x = make([b, 1, d], "f32", new Float32Array(b * d));
    const step = await ops.record("step", () => {
      const { query } = ops.projectQueryKeyValue(x, inWeight, { bias: inBias, cache, offset });
      const context = ops.attention(query, cache, { heads: c.options.heads, causalFrom: offset });
      return ops.linear(context, outWeight, { bias: outBias });
    });
    const at = (data: number[], i: number) =>
      Array.from({ length: b }, (_, row) => data.slice((row * t + i) * d, (row * t + i + 1) * d)).flat();
    for (let i = 0; i < t; i++) {
      ops.write(x, Float32Array.from(at(c.inputs.x.data, i)));
      ops.write(offset, new Uint32Array(b).fill(i));
      const [out] = await ops.submit([step], [{ tensor: step.outputs, start: 0, count: b * d }]);
      expectClose(Array.from(out), at(c.outputs[0].data, i));
    }
  });
});

describe("selectGreedy, beyond the largest logit", () => {
  /** Two rows of four tokens, three steps; pad is 9. */
  async function select(steps: number[][], finished = [0, 0], eos = [3, 1]) {
    const ops = createCpuBackend();
    const u32 = (shape: number[], data: number[]) => ops.create(shape, "u32", "activations", Uint32Array.from(data));
    const state = {
      token: u32([2, 1], [0, 0]),
      position: u32([2], [0, 0]),
      finished: u32([2], finished),
      history: u32([3, 2], [7, 7, 7, 7, 7, 7]),
      logprobs: ops.create([3, 2], "f32", "activations", new Float32Array(6).fill(-5)),
      eos: u32([eos.length], eos),
      pad: 9,
    };
    const logits = ops.create([2, 1, 4], "f32", "activations");
    const plan = await ops.record("select", () => ops.selectGreedy(logits, state));
    for (const step of steps) {
      ops.write(logits, Float32Array.from(step));
      await ops.submit([plan]);
    }
    const tensors = [state.token, state.position, state.finished, state.history, state.logprobs];
    const read = await ops.submit(
      [],
      tensors.map((tensor) => ({ tensor, start: 0, count: size(tensor.shape) })),
    );
    const [token, position, ended, history, logprobs] = read.map((data) => Array.from(data));
    return { token, position, ended, history, logprobs };
  }

  test("of equal logits the lowest id, also where all are equal or very low", async () => {
    expect((await select([[1, 5, 2, 5, 4, 4, 4, 4]])).token).toEqual([1, 0]);
    expect((await select([[-1e30, -1e30, -1e30, -1e30, -3e38, -3e38, -1e38, -1e38]])).token).toEqual([0, 2]);
  });

  test("a row that has ended goes on with pad and log-probability 0; the other goes on", async () => {
    const end = [0, 0, 0, 8, 0, 0, 8, 0];
    const { token, position, ended, history, logprobs } = await select([end, [0, 0, 8, 0, 8, 0, 0, 0], end]);
    expect(history).toEqual([3, 2, 9, 0, 9, 2]);
    expect([token, position, ended]).toEqual([
      [9, 2],
      [3, 3],
      [1, 0],
    ]);
    const logprob = -Math.log(1 + 3 * Math.exp(-8));
    expectClose(logprobs, [logprob, logprob, 0, logprob, 0, logprob]);
  });

  test("each end token ends a row; rows and steps that are to come are left alone", async () => {
    const result = await select([[0, 8, 0, 0, 8, 0, 0, 0]], [0, 1]);
    expect([result.ended, result.history]).toEqual([
      [1, 1],
      [1, 9, 7, 7, 7, 7],
    ]);
    expect(result.logprobs.slice(2)).toEqual([-5, -5, -5, -5]);
  });
});
