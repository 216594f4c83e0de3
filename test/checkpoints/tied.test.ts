/** Every subset of the names of a vocabulary matrix, in every family: each part gets the matrix that transformers gives it. */

import { describe, expect, test } from "vitest";
import { ModelError, Seq2Seq } from "../../src/index";
import { modelTypes } from "../../src/models/families/registry";
import { tied, tiedFiles, tiedWeights, type TiedAnswer, type TiedCase, type TiedGroup } from "../support/node/tied";
import type { TensorSpec } from "../support/shared/safetensors";

const FREE = { max_new_tokens: 5, num_beams: 1, eos_token_id: [] };

/** What is wrong, or undefined. */
async function difference(
  group: TiedGroup,
  given: TiedCase,
  weights: Map<string, TensorSpec>,
): Promise<string | undefined> {
  const files: Record<string, string | Uint8Array> = tiedFiles(group, given, weights);
  const answer: TiedAnswer = given.transformers_4 ?? given;
  let model: Seq2Seq;
  try {
    model = await Seq2Seq.load({ read: (path) => files[path] }, { device: "cpu", onWarning: () => undefined });
  } catch (error) {
    if (!(error instanceof ModelError) || error.code !== "missing_tensor") return String(error);
    return answer.missing?.some((name) => error.message.includes(name)) ? undefined : error.message;
  }
  try {
    if (answer.missing) return `loaded without ${answer.missing.join(", ")}`;
    const { sequences } = await model.generate(tied.input_ids, FREE);
    const { logits } = await model.forward({ input_ids: tied.input_ids, decoder_input_ids: tied.decoder_input_ids });
    const [rows, length, vocabulary] = logits.shape;
    const last = Array.from({ length: rows }, (_, row) =>
      Array.from(logits.data.subarray((row * length + length - 1) * vocabulary, (row + 1) * length * vocabulary)),
    );
    const found = last.flatMap((row) => row.filter((_, i) => i % 5 === 0));
    const worst = Math.max(...found.map((x, i) => Math.abs(x - (answer.logits?.[i] ?? NaN))));
    if (!(worst < 1e-4)) return `logits are off by ${worst}`;
    return String(sequences) === String(answer.ids) ? undefined : `ids are ${JSON.stringify(sequences)}`;
  } finally {
    await model.dispose();
  }
}

describe("tied names", () => {
  test("every family of transformers is among them, and more than 700 combinations", () => {
    const families = new Set(tied.groups.map(({ family }) => family));
    expect([...families].sort()).toEqual([...modelTypes].filter((type) => type !== "transformer").sort());
    expect(tied.groups.reduce((sum, { cases }) => sum + cases.length, 0)).toBeGreaterThan(700);
  });

  test.each(tied.groups.map((group) => ({ ...group, variant: JSON.stringify(group.config) })))(
    "$family, prefix '$prefix', $variant",
    async (group) => {
      const weights = tiedWeights(group.family);
      const wrong: string[] = [];
      for (const given of group.cases) {
        const found = await difference(group, given, weights);
        if (found !== undefined) wrong.push(`without ${given.lacks.join(", ") || "nothing"}: ${found}`);
      }
      expect(wrong).toEqual([]);
    },
  );
});
