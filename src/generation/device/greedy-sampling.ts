/**
 * Greedy search and sampling on the device: JavaScript reads one token per row and step, four bytes, and writes nothing. What
 * sampling draws by is written when a sentence starts.
 */

import { NO_TOKEN } from "../../ops/beam-state";
import { invariant } from "../../errors";
import type { Ops, Slice } from "../../ops/ops";
import type { Tensor } from "../../tensor/tensor";
import type { decideRows } from "./undecided";
import { DRAW_WORDS, drawWords, sampledCandidates, SAMPLER_WORDS, samplerWords } from "../../ops/sampling";
import type { GreedySampling } from "../search/greedy-sampling";
import { createRandom } from "../search/random";
import { MAX_EOS_TOKENS, type SearchConfig } from "../options/search-config";
import type { DeviceSearch } from "./decode-loop";
import { feedAgain } from "./feed-again";
import { logitsOfRow, type Session } from "./session";
import type { Sentence } from "./slots";

/** How JavaScript draws what the device leaves undecided. */
export interface LateDraws {
  host(this: void): Promise<{ decideRows: typeof decideRows }>;
  /** Called with how many tokens it has drawn. */
  onDrawn(this: void, tokens: number): void;
}

export interface GreedySamplingOptions {
  /** Of sampling. */
  seed: number;
  /** Whether to read the log-probabilities. */
  logprobs: boolean;
  /** For tokens that the device leaves undecided. */
  late: LateDraws;
}

/** For sentences whose search is a `GreedySampling`. */
export function deviceGreedySampling(
  ops: Ops,
  session: Session,
  config: SearchConfig,
  { seed, logprobs, late }: GreedySamplingOptions,
): DeviceSearch {
  const { selection, rows, width, targetLength, vocabSize } = session;
  invariant(selection, "deviceGreedySampling: the session was made for beams");
  const eos = new Uint32Array(MAX_EOS_TOKENS).fill(NO_TOKEN);
  eos.set(config.eosTokenIds);
  ops.write(selection.eos, eos);
  if (config.doSample) ops.write(session.sampler(), samplerWords(config.warpers));

  const candidates = config.doSample ? sampledCandidates(config.warpers, vocabSize) : undefined;
  /** By row, from the end of the prompt on. */
  const drawsOf: number[][] = [];
  /** Rows that the last step has left undecided: where the tail of the vocabulary weighs much, the next step does the same. */
  let lately: readonly number[] = [];
  /** The draws of the sequences of a sentence, each where the step that needs it will look. */
  const writeDraws = (slot: number, { index }: Sentence): void => {
    const first = config.promptLength - 1;
    for (let i = 0; i < width; i++) {
      const random = createRandom(seed, index * width + i);
      const draws = Array.from({ length: targetLength - first }, () => random.next());
      const row = slot * width + i;
      drawsOf[row] = draws;
      ops.write(session.sampler(), drawWords(draws), SAMPLER_WORDS + DRAW_WORDS * (row * targetLength + first));
    }
  };
  const ofRows = (tensor: Tensor): Slice => ({ tensor, start: 0, count: rows });
  const ofSlot = (word: number): Uint32Array => new Uint32Array(width).fill(word);

  return {
    candidates,
    reads: [selection.token, ...(candidates?.open ? [selection.position] : [])].map(ofRows),
    readAt: logprobs ? (at) => ({ tensor: selection.logprobs, start: at * rows, count: rows }) : undefined,
    start(slot, sentence, last) {
      const prompt = sentence?.prompt ?? [];
      const row = slot * width;
      // The logits processors read the prompt after its first token as if it had been chosen.
      prompt.slice(1).forEach((token, i) => ops.write(selection.history, ofSlot(token), i * rows + row));
      ops.write(selection.token, ofSlot(prompt[last] ?? config.startTokenId), row);
      ops.write(selection.position, ofSlot(last), row);
      ops.write(selection.finished, ofSlot(sentence ? 0 : 1), row);
      if (config.doSample && sentence) writeDraws(slot, sentence);
    },
    resume(slots, { sentences, fed }, signal) {
      const chosen = sentences.map((sentence) => {
        const results = sentence?.search.results() ?? [];
        return results.map(({ tokens }) => tokens.slice(sentence?.prompt.length));
      });
      const known = slots.map((slot) => ({ slot, count: Math.max(0, ...chosen[slot].map(({ length }) => length)) }));
      const feed = (slot: number, step: number): void => {
        const row = slot * width;
        // A sequence that has ended goes on with anything.
        const next = Uint32Array.from(chosen[slot], (tokens) => tokens[step] ?? selection.pad);
        ops.write(selection.history, next, fed[slot] * rows + row);
        ops.write(selection.token, next, row);
        ops.write(selection.position, ofSlot(++fed[slot]), row);
      };
      return feedAgain(ops, session, known, feed, signal);
    },
    readAhead: () => lately.map((row) => logitsOfRow(session, row)),
    decide: candidates?.open
      ? async (step, slots, idle) => {
          const [, positions] = step.data;
          const isLive = (row: number): boolean => slots.sentences[Math.floor(row / width)] !== undefined;
          const stays = (row: number): boolean => positions[row] === slots.fed[Math.floor(row / width)];
          const known = new Map(step.ahead.map((logits, i) => [lately[i], logits as Float32Array]));
          lately = Array.from({ length: rows }, (_, row) => row).filter((row) => isLive(row) && stays(row));
          if (lately.length === 0) return false;
          await idle();
          const { decideRows } = await late.host();
          const all = lately.map((row) => ({ row, draws: drawsOf[row], logits: known.get(row) }));
          await decideRows(ops, session, config, step, slots, all);
          late.onDrawn(all.length);
          return true;
        }
      : undefined,
    accept(sentence, slot, { data: [tokens], atPosition: logprobs, expired }) {
      const choices = Array.from({ length: width }, (_, i) => {
        const row = slot * width + i;
        return { token: tokens[row], logprob: logprobs?.[row] ?? 0 };
      });
      return (sentence.search as GreedySampling).accept(choices, expired);
    },
  };
}
