/** Whole models with their weights in f16, q8 and q4: the GPU gives what the CPU gives, and holds fewer bytes. */

import { readFileSync } from "node:fs";
import type { Page } from "puppeteer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LoadOptions } from "../../src/index";
import { worstOf } from "../support/node/vanilla";
import type { GoldenInput } from "../support/shared/models";
import { packInMemory } from "../support/node/packed";
import { closePage, openModelsPage, runInPage } from "../support/node/pages";
import { runStored, type StoredResult } from "../support/shared/stored";

type DType = LoadOptions["dtype"];
const DTYPES: DType[] = ["f32", "f16", "q8", "q4"];

const english = JSON.parse(readFileSync("test/goldens/en_fr.json", "utf8")) as { cases: { input_ids: number[] }[] };

let page: Page;
beforeAll(async () => {
  page = await openModelsPage();
});
afterAll(() => closePage(page));

const onGpu = (source: string, dtype: DType, rows: number[][], options: object): Promise<StoredResult> =>
  runInPage(page, "/test/support/shared/stored.ts", "runStored", source, "webgpu", dtype, rows, options);

function expectEqual(gpu: StoredResult, cpu: StoredResult): void {
  expect(gpu.sequences).toEqual(cpu.sequences);
  expect(worstOf(gpu.logits, cpu.logits)).toBeLessThanOrEqual(1);
}

// Rows of 50, 37 and 24 elements: over a block's end, padded to a vec4 besides, and within a block.
describe("tiny checkpoints", () => {
  it.each([
    ["vanilla/heads-5x10", "f16"],
    ["vanilla/heads-5x10", "q8"],
    ["vanilla/heads-5x10", "q4"],
    ["vanilla/feed-forward-37", "q8"],
    ["vanilla/feed-forward-37", "q4"],
    ["families/bart-heads-5x10", "q8"],
    ["families/marian-two-vocabularies", "q4"],
    ["families/m2m100", "f16"],
    ["families/t5-v1.1-gated-gelu", "q8"],
  ] as const)("%s in %s", async (name, dtype) => {
    const folder = `test/goldens/${name}`;
    const golden = JSON.parse(readFileSync(`${folder}/golden.json`, "utf8")) as GoldenInput;
    const rows = golden.input_ids.map((row, i) => row.filter((_, j) => golden.attention_mask[i][j] === 1));
    const options = { max_new_tokens: 8, num_beams: 1 };
    const cpu = await runStored(`./${folder}`, "cpu", dtype, rows, options);
    const gpu = await onGpu(`/${folder}`, dtype, rows, options);
    expectEqual(gpu, cpu);
    // What `attendant pack` writes of it is the same to the last bit.
    const files = Object.fromEntries((await packInMemory(`./${folder}`, dtype, 20_000)).contents);
    const stored = "/test/support/shared/stored.ts";
    expect(await runInPage(page, stored, "runStoredFiles", files, "webgpu", "auto", rows, options)).toEqual(gpu);
  });
});

it("computes in f32 on WebGPU where int8 is asked for, and says so", async () => {
  const folder = "/test/goldens/vanilla/feed-forward-37";
  const run = (arithmetic: LoadOptions["arithmetic"]) =>
    runInPage<StoredResult>(
      page,
      "/test/support/shared/stored.ts",
      "runStored",
      folder,
      "webgpu",
      "q8",
      [[3, 4]],
      { max_new_tokens: 8 },
      arithmetic,
    );
  const [exact, asked] = [await run("f32"), await run("int8")];
  expect(asked.logits).toEqual(exact.logits);
  expect(exact.warnings.filter((text) => text.includes("int8"))).toEqual([]);
  expect(asked.warnings.filter((text) => text.includes("int8"))).toEqual([
    'load: arithmetic "int8" has no effect on WebGPU; products are computed in f32.',
  ]);
});

describe("the English-French model", () => {
  const rows = english.cases.slice(0, 2).map(({ input_ids }) => input_ids);
  const options = { max_new_tokens: 24 };
  const bytes: Partial<Record<string, number>> = {};
  const padding: number[] = [];
  const pipelines: Partial<Record<string, number>> = {};

  it.each(DTYPES)("in %s", async (dtype) => {
    const cpu = await runStored("./demo/public/models/en-fr", "cpu", dtype, rows, options);
    const gpu = await onGpu("/models/en-fr", dtype, rows, options);
    expectEqual(gpu, cpu);
    bytes[`${dtype}`] = gpu.weights;
    pipelines[`${dtype}`] = gpu.pipelines;
    // The same bytes; the GPU pads what is in f32 always, norms and biases, to four rows.
    padding.push(gpu.weights - cpu.weights);
    expect(padding.at(-1)).toBe(padding[0]);
  });

  it("takes a half, 9 / 32 and 5 / 32 of its bytes, but for the norms, biases and positions", () => {
    const { f32 = 0, f16 = 0, q8 = 0, q4 = 0 } = bytes;
    console.log(`bytes of weights: ${JSON.stringify(bytes)}`);
    const matrices = (f32 - f16) * 2; // bytes in f32
    expect(matrices / f32).toBeGreaterThan(0.85);
    expect((f32 - q8) / matrices).toBeCloseTo(1 - 9 / 32, 3);
    expect((f32 - q4) / matrices).toBeCloseTo(1 - 5 / 32, 3);
  });

  it("compiles the same number of kernels however it is stored", () => {
    const { f32 = 99 } = pipelines;
    expect(pipelines).toEqual({ f32, f16: f32, q8: f32, q4: f32 });
    expect(f32).toBeLessThanOrEqual(25);
  });
});
