/** Compares what a model computes token by token with what it computes of all tokens in one pass. */

import { Seq2Seq, type Source } from "../../../src/index";

export interface Comparison {
  /** Log-probabilities that were compared, those of which a bit differs, and the largest difference. */
  count: number;
  differ: number;
  largest: number;
}

/** Twelve sources of made-up ids, 40 tokens each. */
export async function comparePrefill(source: Source): Promise<Comparison> {
  const model = await Seq2Seq.load(source, { device: "webgpu", onWarning: () => undefined });
  const found: Comparison = { count: 0, differ: 0, largest: 0 };
  for (let k = 0; k < 12; k++) {
    const ids = Array.from({ length: 5 + k }, (_, i) => 4 + ((i * 7 + k * 13) % 180));
    // With alternatives JavaScript reads the logits; so the logarithms below are the same computation.
    const options = { max_new_tokens: 40, output_scores: true, output_alternatives: 1 };
    const { sequences, token_logprobs = [] } = await model.generate(ids, options);
    const [sequence] = sequences;
    const { logits } = await model.forward({ input_ids: ids, decoder_input_ids: sequence.slice(0, -1) });
    const width = logits.shape[2];
    for (const [t, stepwise] of token_logprobs[0].entries()) {
      const row = logits.data.subarray(t * width, (t + 1) * width);
      const highest = row.reduce((a, b) => Math.max(a, b));
      let sum = 0;
      for (const x of row) sum += Math.exp(x - highest);
      const atOnce = Math.fround(row[sequence[t + 1]] - (highest + Math.log(sum)));
      found.count++;
      if (atOnce !== stepwise) found.differ++;
      found.largest = Math.max(found.largest, Math.abs(atOnce - stepwise));
    }
  }
  await model.dispose();
  return found;
}
