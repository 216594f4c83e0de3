/** What a token costs in WebGPU calls, counted outside the engine by wrapping the browser's own objects. */

import type { Page } from "puppeteer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { closePage, openModelsPage, openPage, runInPage } from "../support/node/pages";
import type { CostReport, LeakReport } from "../support/page/counting";

const COUNTING = "/test/support/page/counting.ts";

describe.each([
  { norm: "pre-norm", normFirst: true, layers: 1 },
  { norm: "pre-norm", normFirst: true, layers: 3 },
  { norm: "post-norm", normFirst: false, layers: 2 },
])("a token of a $norm model of $layers decoder layers", ({ normFirst, layers }) => {
  let page: Page;
  let cost: CostReport;
  beforeAll(async () => {
    page = await openModelsPage();
    cost = await runInPage<CostReport>(page, COUNTING, "costOfTokens", { normFirst, layers, rows: 1 });
  });
  afterAll(() => closePage(page));

  it("makes and writes nothing", () => {
    const { createBuffer, createBindGroup, writeBuffer, createComputePipelineAsync } = cost.perToken;
    expect({ createBuffer, createBindGroup, writeBuffer, createComputePipelineAsync }).toEqual({
      createBuffer: 0,
      createBindGroup: 0,
      writeBuffer: 0,
      createComputePipelineAsync: 0,
    });
  });

  it("takes one submit, one pass, one read-back of four bytes", () => {
    const { submit, beginComputePass, mapAsync, mappedBytes } = cost.perToken;
    expect({ submit, beginComputePass, mapAsync, mappedBytes }).toEqual({
      submit: 1,
      beginComputePass: 1,
      mapAsync: 1,
      mappedBytes: 4,
    });
  });

  it("takes 8 dispatches a layer and 3 more, one more post-norm", () => {
    console.log(`dispatches a token: ${cost.perToken.dispatchWorkgroups} (${layers} decoder layers)`);
    expect(cost.perToken.dispatchWorkgroups).toBe(8 * layers + 3 + (normFirst ? 0 : 1));
  });

  it("is what out.stats says", () => {
    const { dispatches, submits, readbacks, bytes, buffers_created, bind_groups_created, buffer_writes } = cost.stats;
    expect({ dispatches, submits, readbacks, bytes, buffers_created, bind_groups_created, buffer_writes }).toEqual({
      dispatches: cost.long.dispatchWorkgroups,
      submits: cost.long.submit,
      readbacks: cost.long.mapAsync,
      bytes: cost.long.mappedBytes,
      buffers_created: cost.long.createBuffer,
      bind_groups_created: cost.long.createBindGroup,
      buffer_writes: cost.long.writeBuffer,
    });
  });
});

describe("memory", () => {
  let page: Page;
  beforeAll(async () => {
    page = await openModelsPage();
  });
  afterAll(() => closePage(page));

  it("reads four bytes a token a row in a batch", async () => {
    const cost = await runInPage<CostReport>(page, COUNTING, "costOfTokens", { normFirst: true, layers: 1, rows: 3 });
    expect(cost.perToken.mappedBytes).toBe(12);
    expect(cost.perToken.createBuffer + cost.perToken.createBindGroup + cost.perToken.writeBuffer).toBe(0);
  });

  it.each([
    { num_beams: 1, bytes: 4 },
    { num_beams: 3, bytes: 8 },
  ])(
    "reads $bytes bytes per token after a prompt of many tokens, too: $num_beams beams",
    async ({ num_beams, bytes }) => {
      const sizes = { normFirst: true, layers: 2, rows: 1 };
      const options = { num_beams, decoder_input_ids: [[1, 7, 9, 4, 12, 5]], suppress_tokens: [3] };
      const cost = await runInPage<CostReport>(page, COUNTING, "costOfTokens", sizes, options);
      expect(cost.perToken.mappedBytes).toBe(bytes);
      expect(cost.perToken.submit).toBe(1);
      expect(cost.perToken.createBuffer + cost.perToken.createBindGroup + cost.perToken.writeBuffer).toBe(0);
    },
  );

  it("reads eight bytes a step a sentence in a batch of beams, whose rules take few pipelines", async () => {
    const sizes = { normFirst: true, layers: 1, rows: 2 };
    const options = { num_beams: 3, repetition_penalty: 1.2, suppress_tokens: [3] };
    const cost = await runInPage<CostReport>(page, COUNTING, "costOfTokens", sizes, options);
    // Whether it is done, and at the end of the search the token that was found.
    expect(cost.perToken.mappedBytes).toBe(4 * 2 + 4 * 2);
    expect(cost.perToken.createBuffer + cost.perToken.createBindGroup + cost.perToken.writeBuffer).toBe(0);
    console.log(`pipelines, with beams and rules: ${cost.pipelines}`);
    expect(cost.pipelines).toBeLessThanOrEqual(25);
  });

  it("is flat over 100 generations and gone after dispose", async () => {
    const report = await runInPage<LeakReport>(page, COUNTING, "leaks", 100);
    expect(report.afterAll).toEqual(report.afterWarmUp);
    expect(report.liveBytesAfterAll).toBe(report.liveBytesAfterWarmUp);
    expect(report.afterDispose).toEqual({ weights: 0, cache: 0, activations: 0, staging: 0 });
    expect(report.liveBytesAfterDispose).toBe(0);
    // The engine's own account is the one from outside.
    const { weights, cache, activations, staging } = report.afterAll;
    expect(weights + cache + activations + staging).toBe(report.liveBytesAfterAll);
  });
});

it("compiles kernels while the weights are on their way", async () => {
  const page = await openPage();
  expect(await runInPage<boolean>(page, COUNTING, "compilesDuringDownload")).toBe(true);
  await closePage(page);
});
