/** The CPU backend against PyTorch: every case of test/goldens/ops.json (made by ops.py), every element. */

import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createCpuBackend } from "../../../src/backends/cpu/backend";
import { size } from "../../../src/tensor/tensor";
import { COMPARED_IN, goldenCases, goldenResults, inputsOf, runners, runOnce } from "../../support/node/op-goldens";
import { operationNames } from "../../support/shared/op-bench";

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((x, i) => {
    const off = Math.abs(actual[i] - x);
    if (!(off <= 2e-6 + 1e-5 * Math.abs(x))) expect.fail(`element ${i} is ${actual[i]}, PyTorch says ${x}`);
  });
}

test("the goldens hold every operation", () => {
  expect(Object.keys(runners).sort()).toEqual([...new Set(goldenCases.map(({ op }) => op))].sort());
  expect(goldenCases.length).toBeGreaterThanOrEqual(45);
});

test("every operation is compared with PyTorch or transformers: here, or in the test that is named", async () => {
  const here = new Set((await goldenResults()).flatMap(({ operations }) => operations));
  for (const file of Object.values(COMPARED_IN)) expect(existsSync(file), file).toBe(true);
  const elsewhere = Object.keys(COMPARED_IN);
  expect(elsewhere.filter((name) => here.has(name as keyof typeof COMPARED_IN))).toEqual([]);
  expect([...here, ...elsewhere].sort()).toEqual([...operationNames].sort());
});

describe("as PyTorch computes it", () => {
  test.each(goldenCases.map((c) => [`${c.op} ${c.name}`, c] as const))("%s", async (_name, c) => {
    const ops = createCpuBackend();
    const body = runners[c.op](ops, c);
    let shapes: readonly (readonly number[])[] = [];
    const results = await runOnce(ops, () => {
      const outputs = body();
      shapes = outputs.map(({ shape }) => shape);
      return outputs;
    });
    expect(results.length).toBe(c.outputs.length);
    c.outputs.forEach(({ data, shape }, i) => {
      if (c.op !== "selectGreedy") expect(shapes[i]).toEqual(shape);
      expectClose(Array.from(results[i]), data);
    });
  });
});

describe("as PyTorch computes it, step by step", () => {
  const causal = goldenCases.filter(({ op, options }) => op === "multihead" && options.causal);

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
