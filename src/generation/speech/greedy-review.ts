/**
 * A review without reading the sequences once more: greedy search has kept the log-probability of each token that it chose, on the
 * device, after the logits processors. Silence takes one step: the start token is decoded again, behind the part of the prompt that
 * the caches still hold.
 */

import { logSumExp } from "../../util/distribution";
import type { Ops, Slice } from "../../ops/ops";
import type { Session } from "../device/session";
import type { Sentence } from "../device/slots";
import type { Reviewed, Wanted } from "./wanted";

/** Whether that is all that a review needs to know. The tokens of a constraint were given, so nothing was kept of them. */
export const isKept = (
  { selection }: Session,
  sentences: readonly Sentence[],
  { heads, tokenProbs }: Wanted,
  promptLength: number,
): boolean =>
  selection !== undefined &&
  heads.length === 0 &&
  !tokenProbs &&
  sentences.every(({ prompt }) => prompt.length === promptLength);

/** Reviews the sequences of all sentences of a session, which are in its slots in this order. */
export async function greedyReview(
  ops: Ops,
  session: Session,
  sentences: readonly Sentence[],
  { silence, avgLogprobs }: Wanted,
  promptLength: number,
): Promise<Map<number, Reviewed[]>> {
  const { selection, decode, token, position, rows, width, targetLength, vocabSize } = session;
  const sequences = sentences.map(({ search }) => search.results().map(({ tokens }) => tokens));
  const kept: Slice = { tensor: selection!.logprobs, start: 0, count: targetLength * rows };
  const slices = [kept];
  if (silence) {
    const places = new Uint32Array(rows);
    sequences.forEach((list, slot) =>
      list.forEach((tokens, k) => (places[slot * width + k] = tokens.lastIndexOf(silence.start, promptLength - 1))),
    );
    ops.write(token, new Uint32Array(rows).fill(silence.start));
    ops.write(position, places);
    const used = sequences.length * width;
    for (let row = 0; row < used; row++) {
      slices.push({ tensor: decode.outputs, start: row * vocabSize, count: vocabSize });
    }
  }
  const [logprobs, ...logits] = (await ops.submit(silence ? [decode] : [], slices)) as Float32Array[];
  return new Map(
    sentences.map(({ index }, slot) => {
      const reviewed = sequences[slot].map((tokens, k): Reviewed => {
        const row = slot * width + k;
        const own = tokens.slice(promptLength).map((_, i) => logprobs[(promptLength + i - 1) * rows + row]);
        const avgLogprob = own.reduce((sum, logprob) => sum + logprob, 0) / own.length;
        const noSpeechProb = silence && Math.exp(logits[row][silence.token] - logSumExp(logits[row]));
        return { ...(avgLogprobs && { avgLogprob }), noSpeechProb };
      });
      return [index, reviewed];
    }),
  );
}
