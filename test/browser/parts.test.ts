/** A vocabulary that is larger than what the GPU binds at once is split by rows, and nothing changes. */

import type { Page } from "puppeteer";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { expectGolden, readGolden, VANILLA } from "../support/node/vanilla";
import { packInMemory } from "../support/node/packed";
import type { GoldenResult } from "../support/shared/models";
import { closePage, openModelsPage, runInPage } from "../support/node/pages";
import type { PartsReport } from "../support/page/parts";

const NAME = "pre-norm-learned-silu";
const PARTS = "/test/support/page/parts.ts";

describe("a matrix over the binding limit", () => {
  let page: Page;
  beforeAll(async () => {
    page = await openModelsPage();
  });
  afterEach(() => runInPage(page, PARTS, "lowerLimit", Infinity));
  afterAll(() => closePage(page));

  it.each([
    ["software", 250_112, 8, 1_500_000, 6],
    // A workgroup for four rows is slow on a software adapter, so fewer rows here.
    ["gpu", 4099, 8, 50_000, 3],
    // Rows that are no multiple of four elements, a last part of one row.
    ["software", 1025, 7, 32_768, 2],
    ["gpu", 1025, 7, 32_768, 2],
  ])("%s kernels, %i x %i, at most %i bytes", async (variant, rows, width, limit, parts) => {
    const report = await runInPage<PartsReport>(page, PARTS, "compareParts", variant, limit, rows, width);
    expect(report.comparisons.filter(({ worst }) => !(worst <= 1))).toEqual([]);
    expect(report.buffers.length).toBe(parts);
    expect(Math.max(...report.buffers)).toBeLessThanOrEqual(limit);
    const pitch = Math.ceil(width / 4) * 16;
    const bytes = report.buffers.reduce((sum, size) => sum + size, 0);
    expect(bytes).toBe(Math.ceil(rows / 4) * 4 * pitch);
    expect(report.memory[0] - report.memory[1]).toBe(bytes);
    expect(report.dispatches).toBe(4 * parts);
  });

  it.each([
    ["software", "q8", 80],
    ["gpu", "q4", 48],
    ["software", "f16", 80],
  ])("%s kernels, a matrix in %s", async (variant, format, pitch) => {
    // Rows of 37 elements: two blocks in q8 and q4, and 16 bytes for their scales.
    const report = await runInPage<PartsReport>(page, PARTS, "compareParts", variant, 16_384, 1025, 37, format);
    expect(report.comparisons.filter(({ worst }) => !(worst <= 1))).toEqual([]);
    expect(report.buffers.length).toBeGreaterThan(2);
    expect(report.buffers.reduce((sum, size) => sum + size, 0)).toBe(1028 * pitch);
  });

  it("a whole model with all its large matrices in parts answers as PyTorch does", async () => {
    const golden = await readGolden(NAME);
    const { input_ids, attention_mask, decoder_input_ids, max_new_tokens } = golden;
    const input = { input_ids, attention_mask, decoder_input_ids, max_new_tokens };
    // 50 x 16, 48 x 16 and 32 x 16 floats: the vocabulary in four parts, query, key and value in three, the rest in two.
    await runInPage(page, PARTS, "lowerLimit", 1100);
    const models = "/test/support/shared/models.ts";
    const result = await runInPage<GoldenResult>(page, models, "runGolden", `/${VANILLA}/${NAME}`, "webgpu", input);
    expect(expectGolden(result, golden)).toBeLessThanOrEqual(1);
    // Two decoder layers take 8 * 2 + 3 dispatches a token otherwise.
    const { dispatches, tokens } = result.alone[0].stats;
    expect(dispatches).toBeGreaterThan((8 * 2 + 3) * tokens * 1.5);
  });

  it("packed rows of a file go to the parts that they belong to", async () => {
    const golden = await readGolden(NAME);
    // Rows of 16 elements take 48 bytes in q8.
    await runInPage(page, PARTS, "lowerLimit", 1100);
    const run = (name: string, source: unknown, dtype: string) =>
      runInPage(page, "/test/support/shared/stored.ts", name, source, "webgpu", dtype, golden.input_ids, {
        max_new_tokens: 4,
      });
    const files = Object.fromEntries((await packInMemory(`./${VANILLA}/${NAME}`, "q8")).contents);
    expect(await run("runStoredFiles", files, "auto")).toEqual(await run("runStored", `/${VANILLA}/${NAME}`, "q8"));
  });
});
