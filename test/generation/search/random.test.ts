/** Draws have the distribution that sampling computes: a chi-square test over 10,000 of them. */

import { describe, expect, it } from "vitest";
import { Seq2Seq, type GenerationConfig } from "../../../src/index";

const DRAWS = 10_000;

/** Pearson's statistic over tokens that are expected at least 5 times, the rest as one; and its degrees of freedom. */
function chiSquare(counts: number[], probabilities: number[]): { statistic: number; freedom: number } {
  const cells: [seen: number, expected: number][] = [];
  const rest: [number, number] = [0, 0];
  probabilities.forEach((probability, token) => {
    const expected = probability * DRAWS;
    if (expected >= 5) return cells.push([counts[token], expected]);
    rest[0] += counts[token];
    rest[1] += expected;
  });
  if (rest[1] > 1e-9) cells.push(rest);
  else expect(rest[0]).toBe(0); // what has no probability is never drawn
  const statistic = cells.reduce((sum, [seen, expected]) => sum + (seen - expected) ** 2 / expected, 0);
  return { statistic, freedom: cells.length - 1 };
}

/** What the statistic exceeds in one of a thousand tests (Wilson and Hilferty 1931). */
const limit = (freedom: number): number =>
  freedom * (1 - 2 / (9 * freedom) + 3.0902 * Math.sqrt(2 / (9 * freedom))) ** 3;

describe("10,000 draws of the first token", () => {
  const settings: GenerationConfig[] = [{ top_k: 0 }, { top_k: 0, temperature: 1.7 }, { top_k: 6 }];

  it.each(settings)("with %j pass, and would not from a distribution 15% warmer", async (given) => {
    const model = await Seq2Seq.load("./test/goldens/families/t5-relu", { device: "cpu" });
    const row = [5, 17, 3, 40, 9];
    const { logits } = await model.forward({ input_ids: [row], decoder_input_ids: [[0]] });

    // What the draw should see, worked out here: temperature, then the top k.
    const distribution = (temperature: number): number[] => {
      const scaled = Array.from(logits.data, (logit) => logit / temperature);
      const least = given.top_k ? [...scaled].sort((a, b) => b - a)[given.top_k - 1] : -Infinity;
      const weights = scaled.map((score) => (score >= least ? Math.exp(score - Math.max(...scaled)) : 0));
      const sum = weights.reduce((a, b) => a + b);
      return weights.map((weight) => weight / sum);
    };

    const counts = new Array<number>(logits.data.length).fill(0);
    for (let call = 0; call < 10; call++) {
      const out = await model.generate(row, {
        do_sample: true,
        max_new_tokens: 1,
        num_return_sequences: DRAWS / 10,
        seed: call,
        ...given,
      });
      for (const sequence of out.sequences) counts[sequence[1]]++;
    }
    expect(counts.reduce((a, b) => a + b)).toBe(DRAWS);

    const temperature = given.temperature ?? 1;
    const right = chiSquare(counts, distribution(temperature));
    expect(right.freedom).toBeGreaterThan(3);
    expect(right.statistic).toBeLessThan(limit(right.freedom));
    const wrong = chiSquare(counts, distribution(temperature * 1.15));
    expect(wrong.statistic).toBeGreaterThan(limit(wrong.freedom));
    await model.dispose();
  });
});
