/** The specification of beam search against Hugging Face's own `generate`, over test/goldens/beams.json. */

import { describe, expect, test } from "vitest";
import { createCpuBackend } from "../../../src/backends/cpu/backend";
import { beamCases, faults, searchTable } from "../../support/page/beam-table";

describe("as Hugging Face finds it", () => {
  test.each(beamCases.map((c) => [c.name, c] as const))("%s", async (_name, c) => {
    expect(faults(c, await searchTable(createCpuBackend(), c))).toEqual([]);
  });

  test("and a result that is not is found out", async () => {
    const result = await searchTable(createCpuBackend(), beamCases[0]);
    result.hypotheses[0][1].tokens[1] += 1;
    result.hypotheses[0][0].score *= 1.0001;
    expect(faults(beamCases[0], result).length).toBe(2);
  });
});
