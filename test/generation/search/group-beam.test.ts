/** Diverse beam search against transformers 4.56.2 on the toy model (test/goldens/groups.py). */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { failureOf } from "../../support/node/failure";
import { readSearchGoldens } from "../../support/node/search";
import { optionsOf, searchOnDevice, searchToy, type SearchGolden } from "../../support/shared/toy";

const { rows, tables } = readSearchGoldens();
const { cases } = JSON.parse(readFileSync("test/goldens/groups.json", "utf8")) as { cases: SearchGolden[] };

function expectSame(actual: { tokens: number[]; score?: number }[], { found }: SearchGolden): void {
  expect(actual.map(({ tokens }) => tokens)).toEqual(found.map(({ sequence }) => sequence));
  actual.forEach(({ score }, i) => expect(Math.abs((score ?? NaN) - Number(found[i].score))).toBeLessThan(1e-4));
}

it("has enough cases", () => {
  expect(cases.length).toBeGreaterThanOrEqual(60);
});

it.each(cases.map((golden, i) => ({ golden, name: `${i}: ${JSON.stringify(golden.options)}` })))(
  "$name",
  ({ golden }) => {
    const { seed, rows: count, options } = golden;
    const given = optionsOf(options);
    const found = searchToy(rows.slice(0, count), given, tables[seed]);
    expectSame(found, golden);
    for (const { choices, score } of found) {
      const sum = choices.reduce((total, { logprob }) => total + logprob, 0);
      expect(sum / choices.length ** (given.length_penalty ?? 1)).toBeCloseTo(score ?? NaN, 3);
    }
  },
);

it("through sessions and operations of the CPU", async () => {
  const answers = await searchOnDevice("cpu", rows, tables, cases);
  answers.forEach(({ way, found }, i) => {
    expect(way).toBe("javascript");
    expectSame(found, cases[i]);
  });
});

describe("refuses", () => {
  it.each([
    { num_beams: 4, num_beam_groups: 3, diversity_penalty: 1 },
    { num_beams: 2, num_beam_groups: 4, diversity_penalty: 1 },
    { num_beams: 4, num_beam_groups: 2 },
    { num_beams: 4, num_beam_groups: 2, diversity_penalty: -1 },
    { num_beams: 4, diversity_penalty: 1 },
    { diversity_penalty: 1 },
    { num_beams: 4, num_beam_groups: 2, diversity_penalty: 1, do_sample: true },
    { num_beams: 4, num_beam_groups: 0 },
  ])("%j", async (options) => {
    expect((await failureOf(() => searchToy(rows, options, tables[3]))).code).toBe("invalid_option");
  });

  it("stop_strings", async () => {
    const options = { num_beams: 4, num_beam_groups: 2, diversity_penalty: 1, stop_strings: "x" };
    expect((await failureOf(() => searchToy(rows, options, tables[3]))).code).toBe("unsupported_option");
  });
});
