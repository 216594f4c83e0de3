/** What `attendant pack` writes, loaded: the device holds the same bits as after a load of the original. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createCpuBackend } from "../../src/backends/cpu/backend";
import { createWasmBackend } from "../../src/backends/wasm/backend";
import type { SpeechOperations } from "../../src/engine/device";
import { readModel } from "../../src/engine/load";
import { formatOf, openStored } from "../../src/engine/model-files";
import { Seq2Seq, type Source } from "../../src/index";
import { openSource } from "../../src/loading/sources/source";
import type { Ops } from "../../src/ops/ops";
import type { CpuTensor } from "../../src/backends/cpu/tensors";
import type { WeightFormat } from "../../src/tensor/weight-format";
import { failureOf } from "../support/node/failure";
import { packInMemory, sourceOf, type PackedInMemory } from "../support/node/packed";
import { EVERYTHING } from "../support/node/volume";
import { makeSafetensors, type TensorSpec } from "../support/shared/safetensors";

const FORMATS: readonly WeightFormat[] = ["f32", "f16", "q8", "q4"];
const CHECKPOINTS = ["families", "vanilla", "speech"].flatMap((kind) =>
  readdirSync(`test/goldens/${kind}`)
    .map((name) => `test/goldens/${kind}/${name}`)
    .filter((folder) => existsSync(`${folder}/config.json`)),
);
const MODEL = "demo/public/models/en-fr";

interface Loaded {
  /** Shape, dtype and contents of each weight, in the order in which the model asks for them. */
  weights: { shape: readonly number[]; dtype: string; data: Uint8Array }[];
  /** Whole rows that went to their place as they came from the file. */
  placed: number;
  warnings: string[];
}

/** Loads as `Seq2Seq.load` does, up to the device. */
async function load(source: Source, asked: WeightFormat | "auto", device: "cpu" | "wasm" = "cpu"): Promise<Loaded> {
  const warnings: string[] = [];
  const onWarning = (message: string): void => void warnings.push(message);
  const files = await openStored(openSource(source), { onWarning });
  const format = await formatOf(files, asked);
  const tensors: CpuTensor[] = [];
  let placed = 0;
  let backend: Ops | undefined;
  const createOps = async (more?: SpeechOperations): Promise<Ops> => {
    backend =
      device === "cpu" ? createCpuBackend("f32", more) : await createWasmBackend(undefined, { threads: 1 }, more);
    const { create, writePacked } = backend;
    const ops: Ops = {
      ...backend,
      create: (...args) => {
        const tensor = create(...args);
        tensors.push(tensor as CpuTensor);
        return tensor;
      },
      writePacked: (...args) => {
        placed++;
        writePacked(...args);
      },
    };
    return ops;
  };
  await (await readModel(files, { onWarning })).place(createOps, { format, onWarning });
  const weights = tensors.map(({ shape, dtype, data }) => ({
    shape,
    dtype,
    data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice(),
  }));
  backend?.dispose();
  return { weights, placed, warnings };
}

function expectSame(packed: Loaded, original: Loaded): void {
  expect(packed.weights.map(({ shape, dtype }) => [shape, dtype])).toEqual(
    original.weights.map(({ shape, dtype }) => [shape, dtype]),
  );
  packed.weights.forEach(({ data, shape }, i) => {
    // `toEqual` is slow over bytes.
    if (Buffer.compare(data, original.weights[i].data) !== 0) expect.fail(`weight ${i}, ${shape.join(" x ")}, differs`);
  });
}

describe.each(FORMATS)("packed in %s", (format) => {
  // `npm test` takes every second checkpoint of a format, and each in two formats; `npm run test:soak` all.
  const turn = FORMATS.indexOf(format);
  test.each(CHECKPOINTS.filter((_, i) => EVERYTHING || (i + turn) % 2 === 0))(
    "%s has the weights of the original",
    async (folder) => {
      const packed = await packInMemory(folder, format, 20_000);
      const [original, loaded] = [await load(folder, format), await load(sourceOf(packed), "auto")];
      expectSame(loaded, original);
      if (format === "q8" || format === "q4") expect(loaded.placed).toBeGreaterThan(5);
      // What the model does not read is left out, so nothing is left to report of the weights.
      expect(loaded.warnings.filter((message) => message.includes("safetensors"))).toEqual([]);
    },
  );
});

test("in WebAssembly it has the weights of the original, too", async () => {
  for (const format of FORMATS) {
    const packed = await packInMemory(`test/goldens/vanilla/heads-3x7`, format);
    expectSame(
      await load(sourceOf(packed), "auto", "wasm"),
      await load(`test/goldens/vanilla/heads-3x7`, format, "wasm"),
    );
  }
});

/** A checkpoint whose values lie where rounding is decided, in rows of odd lengths. */
function ties(): Record<string, Uint8Array> {
  const config = JSON.parse(readFileSync("test/goldens/vanilla/heads-3x7/config.json", "utf8")) as object;
  const bytes = readFileSync("test/goldens/vanilla/heads-3x7/model.safetensors");
  const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString()) as Record<
    string,
    TensorSpec
  >;
  const values = [0, -0, 1, -1, 0.5, 1.5, 2.5, 126.5, 127, -127, 3.5, -8, -8.5, 7.5, 2 ** -24, 2 ** -140, 65504, 1e-8];
  const tensors = Object.entries(header).flatMap(([name, { shape }], t) => {
    if (name === "__metadata__") return [];
    const length = shape.reduce((product, n) => product * n, 1);
    const data = Float32Array.from({ length }, (_, i) => values[(i * 7 + t + Math.floor(i / 31)) % values.length]);
    return [[name, { dtype: "F32", shape, data: new Uint8Array(data.buffer) }] as const];
  });
  return {
    "config.json": new TextEncoder().encode(JSON.stringify(config)),
    "model.safetensors": makeSafetensors(Object.fromEntries(tensors)),
  };
}

test.each(FORMATS)("ties, zeros and subnormals are rounded as a load rounds them: %s", async (format) => {
  const files = ties();
  const source = { read: (path: string) => files[path] };
  expectSame(await load(sourceOf(await packInMemory(source, format)), "auto"), await load(source, format));
});

describe("a packed folder", () => {
  let packed: PackedInMemory;
  const pack = async (): Promise<PackedInMemory> => (packed ??= await packInMemory(MODEL, "q8", 2_000_000));

  test("has a manifest, several files, and what a load and a person read", async () => {
    const { files, contents, shards, index } = await pack();
    expect(shards.length).toBeGreaterThan(3);
    expect(index).toBe("model.safetensors.index.json");
    expect([...files.keys()]).toEqual(
      [
        ...[
          "CREDITS.txt",
          "README.md",
          "config.json",
          "generation_config.json",
          "tokenizer.json",
          "tokenizer_config.json",
        ],
        ...[index as string, ...shards.map(({ file }) => file)],
      ].sort(),
    );
    const manifest = JSON.parse(Buffer.from(contents.get("attendant.json") as Uint8Array).toString()) as object;
    expect(manifest).toMatchObject({ format: 1, dtype: "q8", files: Object.fromEntries(files) });
    const original = readFileSync(`${MODEL}/model.safetensors`).length;
    const bytes = shards.reduce((sum, shard) => sum + shard.bytes, 0);
    // 9 bits instead of 16 in most of it.
    expect(bytes / original).toBeLessThan(0.59);
  });

  test("translates as the original does, with its dtype by itself, in integers, too", async () => {
    const source = sourceOf(await pack());
    const from = async (given: Source, options: object) => {
      const model = await Seq2Seq.load(given, { device: "wasm", threads: 1, ...options });
      const texts = ["I have lost my keys.", "It is late."];
      const { texts: translations, token_logprobs } = await model.generateText(texts, { output_scores: true });
      const { weights } = model.memory();
      await model.dispose();
      return { translations, token_logprobs, weights };
    };
    for (const arithmetic of ["f32", "int8"]) {
      expect(await from(source, { arithmetic })).toEqual(await from(MODEL, { arithmetic, dtype: "q8" }));
    }
  });

  test("refuses another dtype, and is not packed again", async () => {
    const source = sourceOf(await pack());
    const { code, message, hint } = await failureOf(() => Seq2Seq.load(source, { dtype: "f32", device: "cpu" }));
    expect([code, message]).toEqual([
      "invalid_option",
      'load: the source\'s read() is packed as q8, so dtype cannot be "f32".',
    ]);
    expect(hint).toContain("--dtype f32");
    expect((await failureOf(() => packInMemory(source, "q4"))).message).toContain("is packed already, as q8.");
  });

  test("without its manifest says which dtype it has, and loads with it", async () => {
    const { contents } = await pack();
    const source = { read: (path: string) => (path === "attendant.json" ? undefined : contents.get(path)) };
    const { code, message } = await failureOf(() => Seq2Seq.load(source, { device: "cpu" }));
    expect([code, message]).toEqual([
      "invalid_option",
      'load: in model.safetensors.index.json the matrices are packed as q8, so dtype cannot be "f32".',
    ]);
    await (await Seq2Seq.load(source, { device: "cpu", dtype: "q8" })).dispose();
    expect((await failureOf(() => packInMemory(source, "q8"))).message).toContain("is packed already, as q8.");
  });

  test("int8 is refused where it is packed otherwise", async () => {
    const source = sourceOf(await packInMemory("test/goldens/vanilla/f16", "q4"));
    const { message } = await failureOf(() => Seq2Seq.load(source, { device: "cpu", arithmetic: "int8" }));
    expect(message).toBe('load: dtype must be "q8" where arithmetic is "int8", not "q4".');
  });
});
