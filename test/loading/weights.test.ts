/** Which weight files are taken, and weights in several files. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Seq2Seq } from "../../src/index";
import { toFloat32 } from "../../src/loading/formats/dtypes";
import { readSafetensors } from "../../src/loading/formats/safetensors";
import { openSource } from "../../src/loading/sources/source";
import type { TensorInfo } from "../../src/loading/formats/tensors";
import { findWeights, parseIndex } from "../../src/loading/weights";
import { failureOf } from "../support/node/failure";
import { f32, makeSafetensors, openBytes, type TensorSpec } from "../support/shared/safetensors";
import { makeLegacy, makeTorchZip, stateDictPickle, type ViewSpec } from "../support/shared/torch";

type Files = Record<string, string | Uint8Array>;

const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
const bin = (name: string, ...values: number[]) =>
  makeTorchZip(stateDictPickle({ [name]: { elements: values.length, shape: [values.length], strides: [1] } }), {
    "0": floats(...values),
  });
const index = (map: Record<string, string>) => JSON.stringify({ metadata: { total_size: 1.5e3 }, weight_map: map });

/** What was opened, in order, and the tensors. */
async function load(files: Files) {
  const opened: string[] = [];
  const read = (path: string) => (opened.push(path), files[path]);
  const weights = await findWeights(openSource({ read }), {});
  const headers: TensorInfo[][] = [];
  const progress: string[] = [];
  const tensors: Record<string, number[]> = {};
  const pieces = weights.read({
    onHeader: (tensors) => void headers.push(tensors),
    onProgress: ({ file, loaded, total }) => void (loaded === total && progress.push(file)),
  });
  for await (const { file, name, dtype, data } of pieces) tensors[`${file}:${name}`] = [...toFloat32(dtype, data)];
  return { name: weights.name, opened, headers, tensors, progress };
}

describe("which file", () => {
  const all: Files = {
    "model.safetensors": makeSafetensors({ a: f32([1]) }),
    "model.safetensors.index.json": index({ a: "model-1.safetensors" }),
    "model-1.safetensors": makeSafetensors({ a: f32([2]) }),
    "pytorch_model.bin": bin("a", 3),
    "pytorch_model.bin.index.json": index({ a: "pytorch_model-1.bin" }),
    "pytorch_model-1.bin": bin("a", 4),
  };
  const order = [
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
  ];

  test.each([0, 1, 2, 3])("number %i of the order of Hugging Face transformers", async (first) => {
    const files = Object.fromEntries(Object.entries(all).filter(([name]) => !order.slice(0, first).includes(name)));
    const { name, opened, tensors } = await load(files);
    expect(name).toBe(order[first]);
    expect(opened.slice(0, first + 1)).toEqual(order.slice(0, first + 1));
    expect(Object.values(tensors)).toEqual([[first + 1]]);
  });

  test("none: the names that were looked for", async () => {
    const error = await failureOf(() => load({ "model.bin": "" }));
    expect([error.code, error.message]).toEqual([
      "file_not_found",
      `the source's read(): there are no weights; looked for ${order.join(", ")}.`,
    ]);
    expect(error.hint).toMatch("refs/pr/1");
    expect(error.hint).toMatch("TensorFlow");
  });
});

describe("several files", () => {
  const files: Files = {
    "model.safetensors.index.json": index({ a: "m-2.safetensors", b: "m-1.safetensors", c: "m-2.safetensors" }),
    "m-1.safetensors": makeSafetensors({ b: f32([1, 2]) }),
    "m-2.safetensors": makeSafetensors({ a: f32([3]), c: f32([4]) }),
  };

  test("all headers come first, at once; progress counts each shard once", async () => {
    const { headers, tensors, progress } = await load(files);
    expect(headers.map((list) => list.map(({ name }) => name))).toEqual([["b", "a", "c"]]);
    expect(tensors).toEqual({ "m-1.safetensors:b": [1, 2], "m-2.safetensors:a": [3], "m-2.safetensors:c": [4] });
    expect(progress.slice(-2)).toEqual(["m-1.safetensors", "m-2.safetensors"]);
  });

  const change = (changes: Files) => failureOf(() => load({ ...files, ...changes }));

  test("a shard that is not there", async () => {
    const error = await failureOf(() => load({ ...files, "m-1.safetensors": undefined as unknown as string }));
    expect([error.code, error.message]).toEqual([
      "file_not_found",
      "the source's read(): there is no m-1.safetensors, which model.safetensors.index.json names.",
    ]);
  });

  test("what a shard holds counts, whatever the index says; of a tensor in two shards the later one", async () => {
    const lacks = await load({ ...files, "m-2.safetensors": makeSafetensors({ a: f32([3]) }) });
    expect(lacks.headers.map((list) => list.map(({ name }) => name))).toEqual([["b", "a"]]);
    const shards = { "m-1.safetensors": makeSafetensors({ b: f32([1]), a: f32([2]), d: f32([5]) }) };
    const more = await load({ ...files, ...shards });
    expect(more.headers.map((list) => list.map(({ name }) => name))).toEqual([["b", "d", "a", "c"]]);
    expect(more.tensors).toEqual({
      "m-1.safetensors:b": [1],
      "m-1.safetensors:d": [5],
      "m-2.safetensors:a": [3],
      "m-2.safetensors:c": [4],
    });
  });

  test("a tied tensor whose twin comes from a later shard is read for itself", async () => {
    const view = { elements: 1, shape: [1], strides: [1] };
    const first = makeTorchZip(stateDictPickle({ a: view, b: view, c: view }), { "0": floats(7) });
    const shards = { "p-1.bin": first, "p-2.bin": bin("a", 8) };
    const map = index({ a: "p-2.bin", b: "p-1.bin", c: "p-1.bin" });
    const { headers, tensors } = await load({ "pytorch_model.bin.index.json": map, ...shards });
    expect(headers[0].map(({ name, sameAs }) => [name, sameAs])).toEqual([
      ["b", undefined],
      ["c", undefined],
      ["a", undefined],
    ]);
    expect(tensors).toEqual({ "p-1.bin:b": [7], "p-1.bin:c": [7], "p-2.bin:a": [8] });
  });

  test("a shard of another format", async () => {
    const error = await change({ "m-1.safetensors": bin("b", 1) });
    expect(error.code).toBe("invalid_weights");
  });

  test("a shard that changes between its header and its data", async () => {
    let reads = 0;
    const other = makeSafetensors({ b: f32([1, 2], [2, 1]) });
    const read = (path: string) => (path === "m-1.safetensors" && ++reads === 2 ? other : files[path]);
    const weights = await findWeights(openSource({ read }), {});
    const error = await failureOf(async () => {
      for await (const _ of weights.read({}));
    });
    expect(error.message).toBe("m-1.safetensors: changed while the model was loading.");
  });

  test.each<[string, string, string]>([
    ["not JSON", "no", "is not valid JSON"],
    ["empty", "", "is not valid JSON"],
    ["an array", "[]", "is not a JSON object"],
    ["no map", "{}", "weight_map is not an object"],
    ["map that is a list", '{"weight_map":["a"]}', "weight_map is not an object"],
    ["shard that is a number", '{"weight_map":{"a":1}}', 'shard of tensor "a" is not a file name'],
    ["a tensor twice", '{"weight_map":{"a":"x.safetensors","a":"y.safetensors"}}', 'duplicate key "a"'],
    ["two maps", '{"weight_map":{},"weight_map":{}}', 'duplicate key "weight_map"'],
    ...[
      "../m.safetensors",
      "/m.safetensors",
      "a/m.safetensors",
      "https://evil.example/m.safetensors",
      "m.safetensors?x",
    ]
      .concat(["..\\\\m.safetensors", ".hidden.safetensors", "m.bin", "m.safetensors.exe", "", "//h/m.safetensors"])
      .map((name): [string, string, string] => [
        `shard ${name}`,
        `{"weight_map":{"a":"${name}"}}`,
        "which is not the plain name of a .safetensors file",
      ]),
    ["deep nesting", `{"metadata":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, "nested over 8 levels"],
    ["NaN", '{"metadata":{"total_size":NaN},"weight_map":{}}', "is not valid JSON"],
  ])("index: %s", async (_, text, message) => {
    const error = await failureOf(() => parseIndex(text, "model.safetensors.index.json"));
    expect([error.code, error.message]).toEqual(["invalid_weights", expect.stringContaining(message)]);
    expect(error.message).toContain("model.safetensors.index.json");
  });

  test("index: too many shards", async () => {
    const map = Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [`t${i}`, `m-${i}.safetensors`]));
    const error = await failureOf(() => parseIndex(index(map), "model.safetensors.index.json"));
    expect(error.message).toMatch("names 10001 shards, over the limit of 10000");
  });

  test("index: any metadata", () => {
    const text =
      '{"metadata":{"total_size":-1.5e+9,"a":null,"b":[true,false],"c":{"d":"x"}},"weight_map":{"a":"x.bin"}}';
    expect(parseIndex(text, "pytorch_model.bin.index.json")).toEqual(["x.bin"]);
  });
});

describe("a model", () => {
  const folder = "test/goldens/vanilla/pre-norm-learned-silu";
  const config = readFileSync(`${folder}/config.json`, "utf8");
  const whole = new Uint8Array(readFileSync(`${folder}/model.safetensors`));

  test("gives the same ids from one file, from shards and from both forms of pytorch_model.bin", async () => {
    const tensors: { name: string; shape: number[]; data: Uint8Array }[] = [];
    for await (const { name, shape, data } of readSafetensors(openBytes(whole), "model.safetensors"))
      tensors.push({ name, shape, data: data.slice() });

    const shards: Files = {};
    const shardOf = (i: number) => `model-${i % 3}.safetensors`;
    for (let s = 0; s < 3; s++) {
      const own = tensors
        .filter((_, i) => i % 3 === s)
        .map(({ name, ...tensor }) => [name, { dtype: "F32", ...tensor }]);
      shards[shardOf(s)] = makeSafetensors(Object.fromEntries(own) as Record<string, TensorSpec>);
    }
    const map = Object.fromEntries(tensors.map(({ name }, i) => [name, shardOf(i)]));

    const views = tensors.map(({ name, shape, data }, i): [string, ViewSpec] => {
      const strides = shape.map((_, d) => shape.slice(d + 1).reduce((product, n) => product * n, 1));
      return [name, { key: String(i), elements: data.length / 4, shape, strides }];
    });
    const pickle = stateDictPickle(Object.fromEntries(views));
    const storages = Object.fromEntries(tensors.map(({ data }, i) => [String(i), data]));

    const variants: Files[] = [
      { "model.safetensors": whole },
      { "model.safetensors.index.json": index(map), ...shards },
      { "pytorch_model.bin": makeTorchZip(pickle, storages) },
      { "pytorch_model.bin": makeLegacy(pickle, storages) },
    ];
    const ids: string[] = [];
    for (const files of variants) {
      const read = (path: string) => (path === "config.json" ? config : files[path]);
      const model = await Seq2Seq.load({ read }, { device: "cpu" });
      ids.push(JSON.stringify((await model.generate([4, 5, 6, 7], { max_new_tokens: 8 })).sequences));
      await model.dispose();
    }
    expect(new Set(ids).size).toBe(1);
    expect((JSON.parse(ids[0]) as number[][])[0].length).toBeGreaterThan(3);
  });
});
