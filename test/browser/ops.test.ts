/** Every operation on the GPU against the CPU specification, over the table of op-cases.ts, with both kernel variants. */

import { readFileSync } from "node:fs";
import type { Page } from "puppeteer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kernelsOf } from "../../src/backends/webgpu/operations";
import { more } from "../support/shared/audio-operations";
import { EARLIER_GPU_TUNING, GPU_TUNING, SOFTWARE_TUNING } from "../../src/backends/webgpu/tuning";
import type { OpsReport } from "../support/page/op-compare";
import { closePage, openModelsPage, runInPage } from "../support/node/pages";
import { operationNames } from "../support/shared/op-bench";
import { opCases } from "../support/shared/op-cases";

const COMPARE = "/test/support/page/op-compare.ts";

// One page for all variants: it computes the specification once, and compiles once what variants share.
let page: Page;
beforeAll(async () => {
  page = await openModelsPage();
});
afterAll(() => closePage(page));

describe.each([
  ["software", SOFTWARE_TUNING],
  ["gpu", GPU_TUNING],
])("the %s kernels against the CPU", (variant, tuning) => {
  let report: OpsReport;
  beforeAll(async () => {
    report = await runInPage<OpsReport>(page, COMPARE, "compareOps", variant);
  });

  it("agree within 2e-6 + 1e-5 relative on every element of every case", () => {
    const { comparisons } = report;
    const wrong = comparisons.filter(({ worst }) => !(worst <= 1));
    expect(wrong).toEqual([]);
    const worst = Math.max(...comparisons.map((c) => c.worst));
    console.log(`${variant}: ${comparisons.length} op cases, worst ${worst.toFixed(2)} of the tolerance`);
  });

  it("cover every operation of the contract", () => {
    const { comparisons } = report;
    const covered = new Set(comparisons.flatMap(({ operations }) => operations));
    expect([...covered].sort()).toEqual([...operationNames].sort());
    expect(comparisons.length).toBeGreaterThanOrEqual(460);
    // A case is found by the operations that it names.
    for (const { name, operations } of comparisons) {
      const named = opCases.find((opCase) => opCase.name === name)?.operations ?? [];
      expect([...operations].sort(), name).toEqual([...named].sort());
    }
  });

  it("are all run, in each weight format", () => {
    expect([...report.kernels].sort()).toEqual(
      kernelsOf(tuning, more)
        .map(({ name }) => name)
        .sort(),
    );
  });

  it("differ from a wrong result", async () => {
    // The comparison itself must be able to fail.
    const worst = await runInPage<number>(page, COMPARE, "compareAgainstWrong");
    expect(worst).toBeGreaterThan(1);
  });
});

/** Cases of functions that all variants share. */
const ACTIVATIONS = "relu|gelu|silu|tanh|sigmoid|swish|laplace|mish|softplus|activations";

it.each([
  ["earlier", EARLIER_GPU_TUNING],
  ["rows", { ...GPU_TUNING, matvec: "rows" } as const],
])("the other variants for GPUs agree, too: %s", async (variant, tuning) => {
  const kernels = new Set<string>();
  const operations = ["linear", "projectQueryKeyValue", ...(variant === "rows" ? [] : ["selectGreedy", "logSoftmax"])];
  for (const operation of operations) {
    const report = await runInPage<OpsReport>(page, COMPARE, "compareOps", variant, operation, ACTIVATIONS);
    expect(report.comparisons.filter(({ worst }) => !(worst <= 1))).toEqual([]);
    for (const name of report.kernels) kernels.add(name);
  }
  const others = new Set(kernelsOf(GPU_TUNING).map(({ name }) => name));
  const own = kernelsOf(tuning).filter(({ name }) => !others.has(name));
  expect(own.map(({ name }) => name).filter((name) => !kernels.has(name))).toEqual([]);
});

it("kernels that add up by subgroups agree, too", async () => {
  const kernels: string[] = [];
  // Few rows, whatever the format of the weights: the rest does not add up in this way.
  const operations = [
    "layerNorm",
    "softmax",
    "compressFrames",
    "groupNorm",
    "linear",
    "attention",
    "topK",
    "selectGreedy",
    "embed",
  ] as const;
  for (const operation of operations) {
    const few = "(gated )?B\\d+ T1 |(selectGreedy|topK|logSoftmax|logSoftmax beamCandidates) [BR]";
    const others = `^linear (?!${few})|^attention (?!.*T[1-7] )|^embed (f16|q8|q4) |${ACTIVATIONS}`;
    const report = await runInPage<OpsReport>(page, COMPARE, "compareOps", "subgroups", operation, others);
    expect(report.comparisons.filter(({ worst }) => !(worst <= 1))).toEqual([]);
    kernels.push(...report.kernels);
  }
  const own = kernelsOf({ ...GPU_TUNING, reduction: "subgroups" }, more)
    .filter(({ name, code }) => /subgroup[A-Z]/.test(code) && !/project|_(f16|q8|q4)$/.test(name))
    .map(({ name }) => name);
  expect(own).toEqual(
    expect.arrayContaining(["matvec_normed_group_gated", "matvec_rows4", "top_of_parts", "merge_greedy"]),
  );
  expect(own.filter((name) => !kernels.includes(name))).toEqual([]);
});

describe("a mistake in WGSL", () => {
  it.each([
    ["matvec_score_rows4_q8", "chunks_q8.wgsl", "w[start + c]", "v[start + c]"],
    ["matmul_tile32", "project_common.wgsl", "product + bias[column]", "product + bais[column]"],
    ["advance_beams", "advance_beams.wgsl", "HYPOTHESIS_SUM", "HYPOTHESIS_SUMS"],
    ["attention", "layout.wgsl", "return (length", "return (-length"],
  ])("of %s names %s and the line", async (name, file, text, replacement) => {
    const { code, message } = await runInPage<{ code: string; message: string }>(
      page,
      "/test/support/page/broken-shader.ts",
      "messageOfMistake",
      name,
      file,
      text,
      replacement,
    );
    expect(code).toBe("internal");
    const lines = readFileSync(`shaders/${file}`, "utf8").split("\n");
    const line = lines.findIndex((content) => content.includes(text)) + 1;
    expect(message).toContain(`The ${name}_broken kernel does not compile: ${file}:${line}:`);
  });
});
