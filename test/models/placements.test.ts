/** Where the data of checkpoint tensors goes: packing, order, pieces, and the format in which matrices are stored. */

import { describe, expect, test } from "vitest";
import { createCpuBackend } from "../../src/backends/cpu/backend";
import { Parameters } from "../../src/models/parameters";
import type { WeightFormat } from "../../src/tensor/weight-format";
import { contents, counting, FILE, setUp } from "../support/node/parameters";
import { failureNow } from "../support/node/failure";
import { random } from "../support/shared/random";

describe("fill", () => {
  test("a bias that is absent is zeros", async () => {
    const { ops, parameters } = setUp("w");
    expect(await contents(ops, parameters.bias("b", 4))).toEqual([0, 0, 0, 0]);
    expect(await contents(ops, parameters.bias("in_proj_bias", 6, 2, 4))).toEqual([0, 0, 0, 0]);
  });

  test("gain and bias of a norm lie one after the other, whichever comes first", async () => {
    for (const order of [
      ["n.weight", "n.bias"],
      ["n.bias", "n.weight"],
    ]) {
      const { ops, parameters } = setUp(["n.weight", [3]], ["n.bias", [3]]);
      const { weights, eps } = parameters.norm("n", 3, 1e-3);
      for (const name of order) parameters.fill(FILE, name, counting(3, name === "n.weight" ? 1 : 10));
      expect([weights.shape, eps]).toEqual([[2, 3], 1e-3]);
      expect(await contents(ops, weights)).toEqual([1, 2, 3, 10, 11, 12]);
    }
  });

  test("a norm without a bias has zeros there", async () => {
    const { ops, parameters } = setUp("n.weight");
    const { weights } = parameters.norm("n", 2, 1e-5);
    parameters.fill(FILE, "n.weight", counting(2));
    expect(await contents(ops, weights)).toEqual([1, 2, 0, 0]);
  });

  test("rows of a packed projection: each part gets its own, from one tensor", async () => {
    const { ops, parameters } = setUp(["w", [6, 2]], ["b", [6]]);
    const query = parameters.rows("w", [6, 2], 0, 2);
    const keyValue = parameters.rows("w", [6, 2], 2, 4);
    const all = parameters.tensor("w", [6, 2]);
    const queryBias = parameters.bias("b", 6, 0, 2);
    const keyValueBias = parameters.bias("b", 6, 2, 4);
    expect([query.shape, keyValue.shape, keyValueBias.shape]).toEqual([[2, 2], [4, 2], [4]]);
    parameters.fill(FILE, "b", counting(6, 21));
    parameters.fill(FILE, "w", counting(12));
    expect(await contents(ops, query)).toEqual([1, 2, 3, 4]);
    expect(await contents(ops, keyValue)).toEqual([5, 6, 7, 8, 9, 10, 11, 12]);
    expect(await contents(ops, all)).toEqual([...counting(12)]);
    expect(await contents(ops, queryBias)).toEqual([21, 22]);
    expect(await contents(ops, keyValueBias)).toEqual([23, 24, 25, 26]);
  });

  test("the order in which tensors come does not matter, nor does an unknown one", async () => {
    const names = ["a", "w", "n.weight", "n.bias", "b"];
    const sizes: Record<string, number> = { a: 6, w: 12, "n.weight": 4, "n.bias": 4, b: 3 };
    const rng = random(11);
    const data = new Map(names.map((name) => [name, rng.normal(sizes[name])]));
    const filled = async (order: string[]) => {
      const shapes: Record<string, number[]> = { a: [2, 3], w: [6, 2], "n.weight": [4], "n.bias": [4], b: [3] };
      const { ops, parameters } = setUp(...names.map((name): [string, number[]] => [name, shapes[name]]));
      const tensors = [
        parameters.tensor("a", [2, 3]),
        parameters.rows("w", [6, 2], 4, 2),
        parameters.norm("n", 4, 1e-5).weights,
        parameters.bias("b", 3),
      ];
      for (const name of order) parameters.fill(FILE, name, data.get(name) ?? counting(1));
      return Promise.all(tensors.map((tensor) => contents(ops, tensor)));
    };
    const expected = await filled(names);
    expect(expected[1]).toEqual(Array.from(data.get("w") as Float32Array).slice(8));
    for (const order of [[...names].reverse(), ["b", "nobody", "w", "n.bias", "a", "n.weight"]]) {
      expect(await filled(order)).toEqual(expected);
    }
  });

  test.each([NaN, Infinity, -Infinity])("%d in a tensor is an error that says where", (value) => {
    const { parameters } = setUp("a");
    parameters.tensor("a", [4, 3]);
    const error = failureNow(() => parameters.fill(FILE, "a", Float32Array.of(0, 1, value, 2, 3, 4), 6));
    expect(error.code).toBe("invalid_weights");
    expect(error.message).toBe(`${FILE}: tensor "a" holds ${value} at row 2, element 2.`);
    parameters.tensor("b", [9]);
    const flat = failureNow(() => parameters.fill(FILE, "b", Float32Array.of(0, 1, value), 6));
    expect(flat.message).toBe(`${FILE}: tensor "b" holds ${value} at element 8.`);
  });

  test("-Infinity in a bias of the logits is the finite score of a token that is never chosen", async () => {
    const { ops, parameters } = setUp(["b", [1, 4]], ["c", [2]]);
    const flat = parameters.logitsBias("b", 4, [1, 4]);
    const row = parameters.logitsBias("c", 2, [2]);
    parameters.fill(FILE, "b", Float32Array.of(1, -Infinity, 2, -Infinity));
    parameters.fill(FILE, "c", Float32Array.of(-Infinity, 0));
    const least = Math.fround(-3e38);
    expect(await contents(ops, flat)).toEqual([1, least, 2, least]);
    expect(await contents(ops, row)).toEqual([least, 0]);
    for (const value of [NaN, Infinity]) {
      const error = failureNow(() => parameters.fill(FILE, "b", Float32Array.of(1, -Infinity, value, 0)));
      expect(error.message).toBe(`${FILE}: tensor "b" holds ${value} at row 0, element 2.`);
    }
  });

  test("a root mean square norm has no bias, whatever the file holds", () => {
    const { parameters } = setUp("n.weight", "n.bias");
    parameters.norm("n", 2, 1e-6, "rms");
    expect(parameters.check(FILE)).toEqual(["n.bias"]);
  });
});

describe("weight format", () => {
  const declare = (format: WeightFormat) => {
    const shapes = { w: [3, 40], packed: [6, 40], "n.weight": [40], b: [3], p: [2, 40] };
    const ops = createCpuBackend();
    const announced = Object.entries(shapes).map(([name, shape]) => ({ name, shape }));
    const parameters = new Parameters(ops, announced, format);
    const tensors = [
      parameters.tensor("w", [3, 40]),
      parameters.rows("packed", [6, 40], 2, 4),
      parameters.norm("n", 40, 1e-5).weights,
      parameters.bias("b", 3),
      parameters.bias("absent", 3),
      parameters.tensor("p", [2, 40], "f32"),
    ];
    return { ops, parameters, tensors };
  };

  test.each([
    ["f32", 160],
    ["f16", 80],
    ["q8", 72],
    ["q4", 40],
  ] as const)("in %s a row of a matrix of 40 columns takes %d bytes, the rest stays in f32", (format, row) => {
    const { ops, tensors } = declare(format);
    expect(tensors.map(({ dtype }) => dtype)).toEqual([format, format, "f32", "f32", "f32", "f32"]);
    expect(ops.memory().weights).toBe(7 * row + 4 * (80 + 3 + 3 + 80));
  });

  test("exact: what the checkpoint has in F16 is f16, a matrix of both is f32", () => {
    const announced = [
      { name: "half", dtype: "F16", shape: [3, 40] },
      { name: "other", dtype: "F16", shape: [3, 40] },
      { name: "float", dtype: "F32", shape: [3, 40] },
      { name: "bias", dtype: "F16", shape: [3] },
    ];
    const parameters = new Parameters(createCpuBackend(), announced, "exact");
    const tensors = [
      parameters.tensor("half", [3, 40]),
      parameters.stacked(["half", undefined, "other"], [3, 40]),
      parameters.stacked(["half", "float"], [3, 40]),
      parameters.tensor("float", [3, 40]),
      parameters.tensor("other", [3, 40], "f32"),
      parameters.bias("bias", 3),
    ];
    expect(tensors.map(({ dtype }) => dtype)).toEqual(["f16", "f16", "f32", "f32", "f32", "f32"]);
  });

  test.each([
    ["f16", 2 ** -11],
    ["q8", 1 / 100],
    ["q4", 1 / 6],
  ] as const)("%s rows come in pieces", async (format, error) => {
    const { ops, parameters, tensors } = declare(format);
    const data = random(5).normal(240);
    for (const row of [4, 0, 5, 2, 1, 3])
      parameters.fill(FILE, "packed", data.subarray(40 * row, 40 * row + 40), 40 * row);
    const found = await contents(ops, tensors[1]);
    found.forEach((value, i) => expect(Math.abs(value - data[80 + i])).toBeLessThan(error * 3.5));
    parameters.fill(FILE, "packed", data);
    expect(await contents(ops, tensors[1])).toEqual(found);
  });

  test("f16 refuses what it would make infinite, and says where", () => {
    for (const value of [65520, -1e6]) {
      const { parameters } = declare("f16");
      const error = failureNow(() => parameters.fill(FILE, "w", counting(40).fill(value, 3, 4), 40));
      expect(error.code).toBe("invalid_option");
      expect(error.message).toBe(
        `load: dtype "f16" ends at 65504, but in ${FILE} tensor "w" holds ${value} at element 43.`,
      );
      expect(error.hint).toContain('"f32"');
      for (const other of ["f32", "q8", "q4"] as const)
        declare(other).parameters.fill(FILE, "w", counting(40).fill(value), 40);
      // A norm stays in f32.
      parameters.fill(FILE, "n.weight", new Float32Array(40).fill(value));
    }
    declare("f16").parameters.fill(FILE, "w", new Float32Array(120).fill(65519));
  });
});
