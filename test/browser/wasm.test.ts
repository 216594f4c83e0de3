/** The WebAssembly backend in a browser: every operation in both modules, and whole checkpoints. */

import type { Page } from "puppeteer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectFamily, FAMILIES, familyNames, readFamily } from "../support/node/families";
import { closePage, openPage, runInPage } from "../support/node/pages";
import { expectGolden, readGolden, VANILLA, vanillaNames } from "../support/node/vanilla";
import type { Difference } from "../support/shared/difference";
import type { FamilyResult, GoldenResult } from "../support/shared/models";

const [OPS, MODELS] = ["/test/support/page/wasm.ts", "/test/support/shared/models.ts"];

describe("WebAssembly in a browser", () => {
  let page: Page;
  beforeAll(async () => {
    page = await openPage();
  });
  afterAll(() => closePage(page));

  it.each(["simd", "relaxed"])("every operation agrees with the CPU, in the module %s", async (name) => {
    const comparisons = await runInPage<({ name: string } & Difference)[]>(page, OPS, "compareWasm", name);
    expect(comparisons.filter(({ worst }) => !(worst <= 1))).toEqual([]);
    const worst = Math.max(...comparisons.map((c) => c.worst));
    console.log(`${name}: ${comparisons.length} op cases, worst ${worst.toFixed(2)} of the tolerance`);
    expect(comparisons.length).toBeGreaterThanOrEqual(400);
  });

  it.each(["simd", "relaxed"])("int8 arithmetic is that of the CPU, in the module %s", async (name) => {
    const comparisons = await runInPage<({ name: string } & Difference)[]>(page, OPS, "compareWasm", name, "int8");
    expect(comparisons.filter(({ worst }) => !(worst <= 1))).toEqual([]);
    expect(comparisons.length).toBeGreaterThanOrEqual(40);
  });

  it.each(["simd", "relaxed"])("integer products are exact, in the module %s", async (name) => {
    expect(await runInPage<string[]>(page, OPS, "wrongInt8", name)).toEqual([]);
  });

  it.each(vanillaNames)("vanilla checkpoint %s", async (name) => {
    const golden = await readGolden(name);
    const { input_ids, attention_mask, decoder_input_ids, max_new_tokens } = golden;
    const input = { input_ids, attention_mask, decoder_input_ids, max_new_tokens };
    const source = `/${VANILLA}/${name}`;
    expectGolden(await runInPage<GoldenResult>(page, MODELS, "runGolden", source, "wasm", input), golden);
  });

  it.each(familyNames)("checkpoint %s", async (name) => {
    const golden = await readFamily(name);
    const { input_ids, attention_mask, decoder_input_ids, max_new_tokens } = golden;
    const input = { input_ids, attention_mask, decoder_input_ids, max_new_tokens };
    const source = `/${FAMILIES}/${name}`;
    expectFamily(await runInPage<FamilyResult>(page, MODELS, "runFamily", source, "wasm", input), golden);
  });
});
