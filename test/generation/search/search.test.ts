/** Every search and rule against Hugging Face's `generate` on a toy model (test/goldens/search.py). */

import { describe, expect, it } from "vitest";
import { expectFound, readSearchGoldens } from "../../support/node/search";
import { optionsOf, runToy, searchOnDevice, searchToy, toySentences } from "../../support/shared/toy";

const { rows, tables, cases } = readSearchGoldens();

describe("ids, log-probabilities and scores are those of transformers", () => {
  it("has enough cases", () => {
    expect(cases.length).toBeGreaterThan(300);
  });

  it.each(cases.map((golden, i) => ({ ...golden, name: `${i}: ${JSON.stringify(golden.options)}` })))(
    "$name",
    ({ seed, rows: count, options, found }) => {
      const results = searchToy(rows.slice(0, count), optionsOf(options), tables[seed]);
      expectFound(
        results.map(({ tokens, choices, score }) => ({ tokens, logprobs: choices.map((c) => c.logprob), score })),
        found,
      );
    },
  );

  it("through sessions and operations of the CPU", async () => {
    const answers = await searchOnDevice("cpu", rows, tables, cases);
    answers.forEach(({ found }, i) => expectFound(found, cases[i].found, JSON.stringify(cases[i].options)));
    const ways = answers.map(({ way }) => way);
    for (const way of ["greedy", "beams", "javascript"] as const) expect(ways).toContain(way);
  });
});

describe("settled tokens", () => {
  it.each([{ num_beams: 1 }, { num_beams: 2 }, { num_beams: 4 }, { num_beams: 4, early_stopping: "never" as const }])(
    "of %j add up to the best sequence and are never taken back",
    (options) => {
      let early = 0;
      for (const seed of Object.keys(tables)) {
        for (const row of rows) {
          const [sentence] = toySentences([row], { max_new_tokens: 14, ...options });
          const emitted: number[] = [];
          runToy(sentence, tables[seed], ({ search }) => {
            emitted.push(...search.settled().map(({ choice }) => choice.token));
            early = Math.max(early, emitted.length);
          });
          expect([1, ...emitted]).toEqual(sentence.search.results()[0].tokens);
        }
      }
      expect(early).toBeGreaterThan(0);
    },
  );
});

describe("a constraint", () => {
  it.each([1, 3])("begins every sequence of %i beams", (num_beams) => {
    const options = { num_beams, num_return_sequences: num_beams, max_new_tokens: 8, constraint: [9, 17, 4] };
    for (const { tokens } of searchToy(rows, options, tables[3])) expect(tokens.slice(0, 4)).toEqual([1, 9, 17, 4]);
  });

  it("comes after a token that is forced to be first", () => {
    const options = { max_new_tokens: 8, constraint: [[9], [17]], forced_bos_token_id: 13 };
    const found = searchToy(rows, options, tables[3]);
    expect(found.map(({ tokens }) => tokens.slice(0, 3))).toEqual([
      [1, 13, 9],
      [1, 13, 17],
    ]);
  });

  it("changes nothing where it says what would have come anyway", () => {
    const free = searchToy(rows, { max_new_tokens: 8, num_beams: 2 }, tables[3]);
    const bound = searchToy(
      rows,
      { max_new_tokens: 8, num_beams: 2, constraint: free.map(({ tokens }) => tokens.slice(1, 3)) },
      tables[3],
    );
    expect(bound.map(({ tokens }) => tokens)).toEqual(free.map(({ tokens }) => tokens));
  });
});

it("forced_decoder_ids stand at their positions", () => {
  const options = {
    max_new_tokens: 6,
    forced_decoder_ids: [
      [1, 9],
      [3, 17],
    ] as [number, number][],
  };
  for (const { tokens } of searchToy(rows, options, tables[3])) expect([tokens[1], tokens[3]]).toEqual([9, 17]);
});

it("alternatives are the most probable tokens, with the chosen one among them, and change no id", () => {
  for (const num_beams of [1, 3]) {
    const plain = searchToy(rows, { max_new_tokens: 8, num_beams }, tables[3]);
    const seen = searchToy(rows, { max_new_tokens: 8, num_beams, output_alternatives: 24 }, tables[3]);
    expect(seen.map(({ tokens }) => tokens)).toEqual(plain.map(({ tokens }) => tokens));
    for (const { choices } of seen) {
      for (const { token, logprob, alternatives = [] } of choices) {
        const total = alternatives.reduce((sum, { probability }) => sum + probability, 0);
        expect(total).toBeCloseTo(1, 6);
        expect(alternatives.map(({ probability }) => probability)).toEqual(
          alternatives.map(({ probability }) => probability).sort((a, b) => b - a),
        );
        const own = alternatives.find((alternative) => alternative.token === token);
        expect(Math.log(own?.probability ?? 0)).toBeCloseTo(logprob, 4);
      }
    }
  }
});
