/** One call of `generate` or `stream`: from a request to sentences, from sentences to batches, from batches to events. */

import type { Model } from "../models/model";
import type { Ops } from "../ops/ops";
import { createBeamSearch } from "./search/beam";
import { createGreedySampling } from "./search/greedy-sampling";
import { createBeamResults, deviceBeams, fitsDevice } from "./device/beams";
import { deviceGreedy } from "./device/greedy";
import { driveDevice } from "./device/decode-loop";
import { createGroupBeamSearch } from "./search/group-beam";
import { driveSearches } from "./device/host-search";
import { createProcessors } from "./search/processors/list";
import { anySeed, createRandom } from "./search/random";
import type { Request } from "./request";
import type { Hypothesis } from "./search/search";
import { roundedLength, type SessionPool } from "./device/session";
import type { Control, Sentence } from "./device/slots";

/** Decoder rows of one session. More sentences than fit wait for a slot. */
export const MAX_ROWS = 64;

export interface Engine {
  ops: Ops;
  model: Model;
  sessions: SessionPool;
}

export function createSentences(request: Request, model: Model, way = wayOf(request, model)): Sentence[] {
  const { batch, config, prompts, constraints, alternatives, decode } = request;
  const seed = config.seed ?? anySeed();
  const n = config.numReturnSequences;
  const stopsAt =
    config.stopStrings.length > 0 && decode
      ? (sequence: readonly number[]) => endsWithStop(sequence, config.stopStrings, decode)
      : undefined;
  return batch.ids.map((ids, row): Sentence => {
    const taken: number[] = [];
    const context = {
      config,
      prompt: prompts[row],
      processors: createProcessors(config, {
        row,
        source: ids,
        constraint: constraints?.[row],
        vocabSize: model.info.targetVocabSize,
        taken,
      }),
      taken,
      alternatives,
      stopsAt,
      randoms: Array.from({ length: n }, (_, i) => createRandom(seed, row * n + i)),
    };
    if (way === "beams") {
      return { row, ids, mask: batch.mask[row], prompt: prompts[row], search: createBeamResults(config, prompts[row]) };
    }
    const create =
      config.numBeams === 1
        ? createGreedySampling
        : config.numBeamGroups === 1
          ? createBeamSearch
          : createGroupBeamSearch;
    return { row, ids, mask: batch.mask[row], prompt: prompts[row], search: create(context) };
  });
}

/**
 * Has a stop string appeared that the last token is a part of? `StopStringCriteria` of Hugging Face decides from the
 * texts of single tokens; here the text of the sequence decides.
 */
function endsWithStop(
  sequence: readonly number[],
  stops: readonly string[],
  decode: (ids: readonly number[]) => string,
): boolean {
  const text = decode(sequence);
  const before = decode(sequence.slice(0, -1));
  let known = 0;
  while (known < before.length && text[known] === before[known]) known++;
  return stops.some((stop) => {
    const at = text.lastIndexOf(stop);
    return at >= 0 && at + stop.length > known;
  });
}

/** How a request is searched: on the device alone, or with the logits in JavaScript. */
export type Way = "greedy" | "beams" | "javascript";

/** Does the device alone do: nothing that only JavaScript can decide, nothing to see of the scores? */
export function wayOf({ config, alternatives, constraints, prompts }: Request, model: Model): Way {
  const { processors, numBeams, doSample, prefixAllowedTokens } = config;
  const needsScores =
    doSample || prefixAllowedTokens || constraints || alternatives > 0 || processors.removeInvalidValues;
  if (needsScores || prompts.some(([first, ...more]) => first !== config.startTokenId || more.length > 0))
    return "javascript";
  if (numBeams === 1) return "greedy";
  if (config.numBeamGroups > 1) return "javascript";
  // Time and text decide about single beams in the middle of a step.
  const decidesLate = config.maxTime !== undefined || config.stopStrings.length > 0;
  const fits = fitsDevice(config, model.info.targetVocabSize);
  return fits && !decidesLate ? "beams" : "javascript";
}

/**
 * Sentences that go through one session, one group after another. A list that fits one session is one group; of a
 * longer one, sentences of like length are together, so that short ones are not padded to the longest.
 */
export function bucket(sentences: readonly Sentence[], width: number): Sentence[][] {
  const slots = slotsOf(width);
  if (sentences.length <= slots) return sentences.length > 0 ? [[...sentences]] : [];
  const sorted = [...sentences].sort((a, b) => b.ids.length - a.ids.length || a.row - b.row);
  const groups: Sentence[][] = [];
  for (const sentence of sorted) {
    const group = groups[groups.length - 1];
    // A group that would leave half of its slots empty takes shorter sentences in.
    const fits =
      group && (roundedLength(group[0].ids.length) === roundedLength(sentence.ids.length) || group.length < slots / 2);
    if (fits) group.push(sentence);
    else groups.push([sentence]);
  }
  return groups;
}

const slotsOf = (width: number): number => Math.max(1, Math.floor(MAX_ROWS / width));

/**
 * Runs all sentences; yields after every step of the device, when `settled()` of some sentence may have something new.
 * @param follow whether `settled()` matters before the end
 */
export async function* runSentences(
  { ops, model, sessions }: Engine,
  request: Request,
  sentences: readonly Sentence[],
  onEncoded: () => void,
  follow = false,
): AsyncGenerator<void, void, undefined> {
  const { config, signal, logprobs } = request;
  const width = sentences[0]?.search.width ?? 1;
  const control: Control = {
    signal,
    deadline: config.maxTime === undefined ? Infinity : performance.now() + 1000 * config.maxTime,
    onEncoded,
  };
  const way = wayOf(request, model);
  for (const queue of bucket(sentences, width)) {
    signal?.throwIfAborted();
    const session = await sessions.take({
      batchSize: Math.min(queue.length, slotsOf(width)),
      width,
      endTokens: width > 1 ? config.eosTokenIds.length : 1,
      source: Math.max(...queue.map(({ ids }) => ids.length)),
      target: config.maxLength - 1,
    });
    try {
      if (way === "javascript") {
        yield* driveSearches(ops, session, queue, control);
      } else {
        const search =
          way === "greedy"
            ? deviceGreedy(ops, session, config, logprobs)
            : deviceBeams(ops, session, config, { follow, logprobs });
        yield* driveDevice(ops, session, queue, control, config, search);
      }
    } finally {
      sessions.give(session);
    }
  }
}

/** What came of the sentences: `num_return_sequences` a row, in the order of the rows. */
export function resultsOf(sentences: readonly Sentence[]): Hypothesis[] {
  return sentences.flatMap(({ search }) => search.results());
}
