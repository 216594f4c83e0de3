/**
 * What `generate` does not say of a window, found by one teacher-forced pass over its tokens: how probable they are by the rules
 * that chose them, how probable silence is, and the attention of the alignment heads.
 */

import type { MelFeatures } from "../audio/log-mel";
import type { HeadWeights } from "./warping";

/** A tensor in rows. */
interface HostValues {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** One pass: `Seq2Seq.forward`. */
export type Forward = (
  input: { input_features: MelFeatures; decoder_input_ids: number[][] },
  options: { output_attentions: boolean },
) => Promise<{ logits: HostValues; cross_attentions?: readonly HostValues[] }>;

/** What of the model's files decides the rules. */
export interface Rules {
  suppress: readonly number[];
  beginSuppress: readonly number[];
  /** The token that ends a sequence. */
  eot: number;
  /** Of sampling: how many tokens there are to choose from. */
  topK?: number;
  /** With timestamps: the token that turns them off, and the last step of the first one. */
  timestamps?: { noTimestamps: number; maxInitial?: number };
}

export interface Measured {
  /** `_retrieve_avg_logprobs` of transformers. */
  avg_logprob: number;
  no_speech_prob: number;
  alignment?: HeadWeights;
}

/**
 * @param prompt the tokens before those of the window, the start token among them
 * @param tokens of the window, the end token too
 * @param start the token after which silence is told
 * @param silence the token of silence; undefined: the files name none
 * @param heads layer and head
 */
export async function measure(
  forward: Forward,
  features: MelFeatures,
  prompt: readonly number[],
  tokens: readonly number[],
  rules: Rules,
  { start, silence, heads }: { start: number; silence?: number; heads?: readonly (readonly number[])[] },
): Promise<Measured> {
  const inputs = [...prompt, ...tokens.slice(0, -1)];
  const { logits, cross_attentions } = await forward(
    { input_features: features, decoder_input_ids: [inputs] },
    { output_attentions: heads !== undefined },
  );
  const vocab = logits.shape[2];
  const at = (t: number): Float32Array => logits.data.subarray(t * vocab, (t + 1) * vocab);
  let sum = 0;
  tokens.forEach((token, i) => {
    const scores = processed(at(prompt.length - 1 + i), tokens.slice(0, i), rules);
    if (rules.topK !== undefined) keepLargest(scores, rules.topK);
    sum += scores[token] - logSumExp(scores);
  });
  const told = at(prompt.lastIndexOf(start));
  return {
    avg_logprob: tokens.length === 0 ? 0 : sum / tokens.length,
    no_speech_prob: silence === undefined ? 0 : Math.exp(told[silence] - logSumExp(told)),
    alignment: heads && cross_attentions && selected(cross_attentions, heads),
  };
}

/** `TopKLogitsWarper` */
function keepLargest(scores: Float64Array, k: number): void {
  const least = scores.slice().sort()[Math.max(0, scores.length - k)];
  for (let i = 0; i < scores.length; i++) if (scores[i] < least) scores[i] = -Infinity;
}

/** (A, T, S) of the layers' (1, H, T, S) */
function selected(layers: readonly HostValues[], heads: readonly (readonly number[])[]): HeadWeights {
  const [, , rows, columns] = layers[0].shape;
  const size = rows * columns;
  const data = new Float32Array(heads.length * size);
  heads.forEach(([layer, head], i) => data.set(layers[layer].data.subarray(head * size, (head + 1) * size), i * size));
  return { data, shape: [heads.length, rows, columns] };
}

function logSumExp(values: ArrayLike<number>, from = 0): number {
  let most = -Infinity;
  for (let i = from; i < values.length; i++) if (values[i] > most) most = values[i];
  if (most === -Infinity) return most;
  let sum = 0;
  for (let i = from; i < values.length; i++) sum += Math.exp(values[i] - most);
  return most + Math.log(sum);
}

/**
 * The scores of one step after Whisper's rules, as transformers' processors leave them: `SuppressTokensAtBegin`,
 * `SuppressTokens`, `WhisperTimeStampLogitsProcessor`.
 * @param generated the tokens of the window before this step
 */
export function processed(logits: ArrayLike<number>, generated: readonly number[], rules: Rules): Float64Array {
  const scores = Float64Array.from(logits);
  const ban = (from: number, to = from + 1): void => void scores.fill(-Infinity, from, to);
  if (generated.length === 0) for (const id of rules.beginSuppress) ban(id);
  for (const id of rules.suppress) ban(id);
  if (!rules.timestamps) return scores;
  const { noTimestamps, maxInitial } = rules.timestamps;
  const first = noTimestamps + 1;
  const isStamp = (id: number | undefined): boolean => id !== undefined && id >= first;
  ban(noTimestamps);
  const afterStamp = isStamp(generated.at(-1));
  const afterTwo = generated.length < 2 || isStamp(generated.at(-2));
  // Stamps come in pairs, but for one before the end.
  if (afterStamp && afterTwo) ban(first, scores.length);
  else if (afterStamp) ban(0, rules.eot);
  const last = generated.findLast(isStamp);
  // They never fall; between texts they grow.
  if (last !== undefined) ban(first, afterStamp && !afterTwo ? last : last + 1);
  if (generated.length === 0) {
    ban(0, first);
    if (maxInitial !== undefined) ban(first + maxInitial + 1, scores.length);
  }
  const text = scores.subarray(0, first);
  if (logSumExp(scores, first) > text.reduce((most, score) => Math.max(most, score), -Infinity)) ban(0, first);
  return scores;
}
