/** The specification of beam search against Hugging Face's own `generate`, over test/goldens/beams.json. */

import { describe, expect, test } from "vitest";
import { createCpuBackend } from "../../../src/backends/cpu/backend";
import { beamCases, searchTable } from "../../support/beam-table";

const close = (actual: number, expected: number): boolean =>
  Math.abs(actual - expected) <= 1e-5 * (1 + Math.abs(expected));

describe("as Hugging Face finds it", () => {
  test.each(beamCases.map((c) => [c.name, c] as const))("%s", async (_name, c) => {
    const { steps, hypotheses } = await searchTable(createCpuBackend(), c);
    expect(steps).toBe(c.steps);
    const returned = hypotheses.flatMap((list, item) =>
      list.slice(0, c.options.num_return_sequences).map((hypothesis) => ({ item, ...hypothesis })),
    );
    expect(returned.map(({ item, tokens, parents }) => ({ item, tokens, parents }))).toEqual(
      c.hypotheses.map(({ item, tokens, parents }) => ({ item, tokens, parents })),
    );
    for (const [i, expected] of c.hypotheses.entries()) {
      expect(close(returned[i].score, expected.score), `score ${i}: ${returned[i].score}, ${expected.score}`).toBe(
        true,
      );
      expected.logprobs.forEach((x, at) => expect(close(returned[i].logprobs[at], x)).toBe(true));
    }
  });
});
