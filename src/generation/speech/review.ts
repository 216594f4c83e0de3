/**
 * What a finished window of Whisper is judged by: the probability of silence, the average log-probability of its tokens, and how
 * the alignment heads attended to the sound. The decoder reads the finished sequences once more, on the encoder's states that
 * the session still has, a piece of them at a time. After a greedy search that may not be necessary: greedy-review.ts.
 */

import { createProcessors } from "../search/processors/list";
import { logSoftmax, logSumExp } from "../../util/distribution";
import type { DecoderState } from "../../models/model";
import type { Slice } from "../../ops/ops";
import { HostTensor } from "../../tensor/host-tensor";
import type { Tensor } from "../../tensor/tensor";
import { padded } from "../batch";
import type { Session } from "../device/session";
import type { Engine } from "../engine";
import type { Sentence } from "../device/slots";
import type { SearchConfig } from "../options/search-config";
import { greedyReview, isKept } from "./greedy-review";
import type { Reviewed, Wanted } from "./wanted";

/** Tokens that the decoder reads at a time: their logits have to fit a buffer. */
const PIECE = 16;

/** What is added to the result of `generate`. */
export interface Judgements {
  /**
   * With `return_no_speech`: by sequence, how probable it is that there is no speech: of the token of silence after the start token.
   */
  no_speech_probs?: number[];
  /**
   * With `return_no_speech` or `return_avg_logprobs`: by sequence, the average of the log-probabilities of the new tokens, after the
   * logits processors and at temperature 1; the end token counts.
   */
  avg_logprobs?: number[];
  /**
   * With `return_token_probs`: by sequence, how probable each new token was among the tokens of text, whatever else could have come;
   * NaN for the end token and timestamps.
   */
  token_probs?: number[][];
  /**
   * With `alignment_heads`: by sequence, (A, T, S): how each of the A heads attended to the S positions of the sound in each of the T
   * steps; step t read token t of the sequence, prompt first.
   */
  alignments?: HostTensor[];
}

export function createReviews(config: SearchConfig, wanted: Wanted) {
  const found = new Map<number, Reviewed[]>();
  return {
    /**
     * To be called with each group of sentences that are done, while the session has what was encoded of them.
     * @param kept whether they were searched greedily, in this session alone
     */
    async review(this: void, engine: Engine, session: Session, sentences: readonly Sentence[], kept: boolean) {
      const short = kept && isKept(session, sentences, wanted, config.promptLength);
      const all = short
        ? await greedyReview(engine.ops, session, sentences, wanted, config.promptLength)
        : await review(engine, session, sentences, config, wanted);
      for (const [index, list] of all) found.set(index, list);
    },
    of(sentences: readonly Sentence[]): Judgements {
      const all = sentences.flatMap(({ index }) => found.get(index) ?? []);
      return {
        ...(wanted.silence && { no_speech_probs: all.map(({ noSpeechProb }) => noSpeechProb!) }),
        ...(wanted.avgLogprobs && { avg_logprobs: all.map(({ avgLogprob }) => avgLogprob!) }),
        ...(wanted.tokenProbs && { token_probs: all.map(({ tokenProbs }) => tokenProbs!) }),
        ...(wanted.heads.length > 0 && { alignments: all.map(({ alignment }) => alignment!) }),
      };
    },
  };
}

/** Reviews the sequences of all sentences of a session, which are in its slots in this order. */
async function review(
  { ops, model }: Engine,
  session: Session,
  sentences: readonly Sentence[],
  config: SearchConfig,
  wanted: Wanted,
): Promise<Map<number, Reviewed[]>> {
  const { batchSize, source, cross } = session;
  const found = new Map<number, Reviewed[]>(sentences.map(({ index }) => [index, []]));
  const sequences = sentences.map(({ search }) => search.results().map(({ tokens }) => tokens));
  const longest = Math.max(...sequences.flat().map((tokens) => tokens.length - 1));
  const pieces = Math.ceil(longest / PIECE);
  const layers = [...new Set(wanted.heads.map(([layer]) => layer))];
  const readsLogits = wanted.avgLogprobs || wanted.tokenProbs;
  const ids = ops.create([batchSize, PIECE], "u32", "activations");
  const position = ops.create([batchSize], "u32", "activations");
  const shape = [batchSize, pieces * PIECE, model.info.cacheWidth];
  const caches = Array.from({ length: model.info.numDecoderLayers }, () => ops.create(shape, "f32", "cache"));
  const state: DecoderState = { caches, cross, mask: source.mask, position };
  const plan = await ops.record("review", () => {
    const crossAttentions: Tensor[] = [];
    const capture = { crossAttentions, crossLayers: layers };
    const logits = model.decode(ids, state, capture);
    return { logits, attentions: crossAttentions };
  });
  try {
    for (let k = 0; k < config.numReturnSequences; k++) {
      const rows = sequences.map((list) => list[k]);
      const parts = rows.map(() => ({ alignment: [] as Float32Array[], logits: [] as Float32Array[] }));
      for (let piece = 0; piece < pieces; piece++) {
        const from = piece * PIECE;
        const words = rows.map((tokens) => tokens.slice(from, Math.min(from + PIECE, tokens.length - 1)));
        const all = Array.from({ length: batchSize }, (_, row) => words[row] ?? []);
        ops.write(ids, padded(all, PIECE));
        ops.write(position, new Uint32Array(batchSize).fill(from));
        const slices = rows.flatMap((_, row) => slicesOf(row, plan.outputs, layers, wanted.heads, readsLogits));
        const data = (await ops.submit([plan], slices)) as Float32Array[];
        const each = slices.length / rows.length;
        rows.forEach((_, row) => {
          const own = data.slice(row * each, (row + 1) * each);
          if (readsLogits) parts[row].logits.push(own.shift()!);
          parts[row].alignment.push(...own);
        });
      }
      rows.forEach((tokens, row) => {
        const reviewed: Reviewed = {};
        const columns = cross[0].shape[1];
        if (wanted.heads.length > 0) {
          reviewed.alignment = joined(parts[row].alignment, wanted.heads.length, tokens.length - 1, columns);
        }
        const logits = (t: number): Float32Array => {
          const width = model.info.targetVocabSize;
          return parts[row].logits[Math.floor(t / PIECE)].subarray((t % PIECE) * width, ((t % PIECE) + 1) * width);
        };
        if (wanted.avgLogprobs) Object.assign(reviewed, judged(tokens, logits, config, wanted.silence));
        if (wanted.tokenProbs) reviewed.tokenProbs = amongText(tokens, logits, config);
        found.get(sentences[row].index)!.push(reviewed);
      });
    }
  } finally {
    ops.release(plan);
    ops.free([ids, position, ...caches]);
  }
  return found;
}

/** What is read of a row after a piece: its logits, then the attention of each head. */
function slicesOf(
  row: number,
  { logits, attentions }: { logits: Tensor; attentions: readonly Tensor[] },
  layers: readonly number[],
  heads: Wanted["heads"],
  readsLogits: boolean,
): Slice[] {
  const [, , vocabulary] = logits.shape;
  const count = PIECE * vocabulary;
  return [
    ...(readsLogits ? [{ tensor: logits, start: row * count, count }] : []),
    ...heads.map(([layer, head]) => {
      const tensor = attentions[layers.indexOf(layer)]; // (B, H, PIECE, S)
      const [, all, , columns] = tensor.shape;
      return { tensor, start: (row * all + head) * PIECE * columns, count: PIECE * columns };
    }),
  ];
}

/** Pieces of (PIECE, S), head by head, as one (A, T, S). */
function joined(pieces: readonly Float32Array[], heads: number, length: number, columns: number): HostTensor {
  const out = new Float32Array(heads * length * columns);
  pieces.forEach((piece, i) => {
    const from = Math.floor(i / heads) * PIECE;
    const rows = Math.min(PIECE, length - from);
    if (rows > 0) out.set(piece.subarray(0, rows * columns), ((i % heads) * length + from) * columns);
  });
  return new HostTensor(out, [heads, length, columns]);
}

/**
 * `_retrieve_avg_logprobs` and `WhisperNoSpeechDetection` of transformers. The average is of the scores that the search chose
 * from, with all logits processors and at temperature 1; the end token counts.
 */
function judged(
  tokens: readonly number[],
  logits: (t: number) => Float32Array,
  config: SearchConfig,
  silence: Wanted["silence"],
): Pick<Reviewed, "avgLogprob" | "noSpeechProb"> {
  const { promptLength, numBeams, doSample, warpers } = config;
  const first = logits(silence ? tokens.lastIndexOf(silence.start, promptLength - 1) : 0);
  const noSpeechProb = silence && Math.exp(first[silence.token] - logSumExp(first));
  const vocabSize = first.length;
  const processors = createProcessors(config, { index: 0, inputIds: [], vocabSize });
  const temperature = doSample ? warpers.temperature : 1;
  let sum = 0;
  for (let t = promptLength; t < tokens.length; t++) {
    const scores = logits(t - 1).slice();
    if (numBeams > 1) logSoftmax(scores);
    for (const process of processors) process([scores], [tokens.slice(0, t)]);
    if (temperature !== 1) for (let i = 0; i < vocabSize; i++) scores[i] *= temperature;
    sum += scores[tokens[t]] - logSumExp(scores);
  }
  return { noSpeechProb, avgLogprob: sum / (tokens.length - promptLength) };
}

/**
 * The probabilities of which openai-whisper makes those of words (`find_alignment` of timing.py): of each new token, by the raw logits
 * of the tokens of text alone, which are all before the first end token.
 */
function amongText(
  tokens: readonly number[],
  logits: (t: number) => Float32Array,
  { promptLength, eosTokenIds }: SearchConfig,
): number[] {
  const end = Math.min(...eosTokenIds, Infinity);
  return tokens.slice(promptLength).map((token, i) => {
    if (token >= end) return NaN;
    const text = logits(promptLength + i - 1).subarray(0, end);
    return Math.exp(text[token] - logSumExp(text));
  });
}
