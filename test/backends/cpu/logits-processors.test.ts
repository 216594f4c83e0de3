/** The specification of the rules on scores against Hugging Face's processors, over test/goldens/device_processors.json. */

import { describe, expect, test } from "vitest";
import { createCpuBackend } from "../../../src/backends/cpu/backend";
import { isIdle } from "../../../src/ops/logits-processors";
import { noRules, ruleCases, ruleFaults } from "../../support/shared/processors-table";

describe.each([
  ["in rows of their own", false],
  ["scattered by beams", true],
])("as Hugging Face processes the scores of sequences %s", (_name, scattered) => {
  test.each(ruleCases.map((c, i) => [`${i}: ${JSON.stringify(c.options)}`, c] as const))("%s", async (_name, c) => {
    expect(await ruleFaults(createCpuBackend(), c, scattered)).toEqual([]);
  });
});

test("a score that is not as expected is found out", async () => {
  const c = ruleCases[0];
  const expected = c.expected.map((row) => row.map((x, token) => (token === 7 ? null : x)));
  expect((await ruleFaults(createCpuBackend(), { ...c, expected }, false)).length).toBe(c.sequences.length);
});

test("rules that ask for nothing are known", () => {
  expect(isIdle(noRules)).toBe(true);
  expect(isIdle({ ...noRules, repetitionPenalty: 1.1 })).toBe(false);
  expect(isIdle({ ...noRules, forcedBosTokenId: 0 })).toBe(false);
  expect(isIdle({ ...noRules, suppressTokens: [0] })).toBe(false);
  expect(isIdle({ ...noRules, exponentialDecay: [0, 1.5] })).toBe(false);
});
