/** One call of `generate` or `stream`: makes the sentences of a request and runs them in batches. */

import type { Model } from "../models/model";
import { createGreedySampling } from "./search/greedy-sampling";
import { createBeamResults, deviceBeams, fitsDevice } from "./device/beams";
import { deviceGreedySampling } from "./device/greedy-sampling";
import { runDecodeLoop } from "./device/decode-loop";
import type { Request } from "./request";
import type { Hypothesis, Search } from "./search/search";
import { rowOf } from "./batch";
import { beginnings } from "./beginnings";
import { isIdle } from "./options/search-config";
import { anySeed } from "./search/random";
import { sampledCandidates } from "../ops/sampling";
import { stopCriterion } from "./stop-strings";
import type { Clock } from "./stats";
import { loadPart } from "../util/part";
import { replacementOf, type Engine } from "./engine";
import { encodeSlots } from "./device/encode-slots";
import { roundedLength, type Session, type SessionSizes } from "./device/session";
import type { Control, Sentence } from "./device/slots";
import { lengthOf } from "./device/source";

/** The most decoder rows of one session. More sentences than fit wait for a slot. */
export const MAX_ROWS = 64;

/** The sentences of a request, each with its search. Loads the part that searches in JavaScript if `way` needs it. */
export async function createSentences(
  request: Request,
  model: Model,
  way = wayOf(request, model),
): Promise<Sentence[]> {
  const { batch, config } = request;
  const searches = way === "javascript" ? (await hostSearch()).createHostSearches(request, model) : undefined;
  const stopsAt = stopCriterion(request);
  // JavaScript applies a constraint step by step.
  const given = searches ? undefined : beginnings(request.constraints, config);
  const searchOf = (index: number): Search => {
    if (searches) return searches[index];
    if (way === "beams") return createBeamResults(config, request.prompts[index]);
    // The device scores and chooses: no processors, no draws.
    const scoring = { processors: [], taken: [], alternatives: 0, randoms: [] };
    return createGreedySampling({ config, prompt: request.prompts[index], given: given?.[index], stopsAt, ...scoring });
  };
  return request.prompts.map((tokens, index) => {
    const row = rowOf(batch, index);
    const prompt = [...tokens, ...(given?.[index] ?? [])];
    return { index, ...row, length: lengthOf(row, model.info), prompt, search: searchOf(index) };
  });
}

/** Beam search, sampling and logits processors in JavaScript are a part of the package that most calls do not need. */
const hostSearch = () => loadPart("searches in JavaScript", () => import("./host"));

/**
 * Where a request is searched: "greedy", "sampling" and "beams" on the device alone, "javascript" with the logits read by
 * JavaScript.
 */
export type Way = "greedy" | "sampling" | "beams" | "javascript";

/** The device searches alone unless JavaScript must decide something or see the scores. */
export function wayOf({ config, alternatives, constraints, prompts }: Request, model: Model): Way {
  const { processors, numBeams, doSample, warpers, prefixAllowedTokens } = config;
  const { targetVocabSize } = model.info;
  // The table of processors holds one start token for all rows.
  const startsDiffer = prompts.some(([first]) => first !== prompts[0][0]) && !isIdle(processors);
  const needsScores =
    (doSample && (numBeams > 1 || sampledCandidates(warpers, targetVocabSize) === undefined)) ||
    prefixAllowedTokens ||
    (constraints && !beginnings(constraints, config)) ||
    alternatives > 0 ||
    processors.removeInvalidValues ||
    processors.forcedBosTokenIds;
  if (needsScores || startsDiffer) return "javascript";
  if (numBeams === 1) return doSample ? "sampling" : "greedy";
  if (config.numBeamGroups > 1) return "javascript";
  // max_time and stop_strings may end single beams in the middle of a step; the device cannot.
  const decidesLate = config.maxTime !== undefined || config.stopStrings.length > 0;
  const fits = fitsDevice(config, targetVocabSize);
  return fits && !decidesLate ? "beams" : "javascript";
}

/**
 * Splits the sentences into groups; each group goes through one session, one after another. Sentences that fit one session
 * are one group. Otherwise sentences of similar length are together, so that short ones are not padded to the longest.
 */
export function bucket(sentences: readonly Sentence[], width: number): Sentence[][] {
  const slots = slotsOf(width);
  if (sentences.length <= slots) return sentences.length > 0 ? [[...sentences]] : [];
  const sorted = [...sentences].sort((a, b) => b.length - a.length || a.index - b.index);
  const groups: Sentence[][] = [];
  for (const sentence of sorted) {
    const group = groups[groups.length - 1];
    // A group takes in shorter sentences, too, until half of its slots are in use.
    const fits =
      group && (roundedLength(group[0].length) === roundedLength(sentence.length) || group.length < slots / 2);
    if (fits) group.push(sentence);
    else groups.push([sentence]);
  }
  return groups;
}

const slotsOf = (width: number): number => Math.max(1, Math.floor(MAX_ROWS / width));

/**
 * Runs all sentences. Yields after every step of the device, when `settled()` of a sentence may have something new. Where the
 * device is lost, sentences that have not ended go on with the next engine, in a session of the same sizes: then the same
 * kernels compute the same bits.
 * @param clock of the call
 * @param follow whether the caller asks `settled()` before the end
 * @param review called with each group of sentences once they are done, while the session still has what was encoded; `kept` says
 *   that it has the log-probabilities of a greedy search, too
 */
export async function* runSentences(
  given: Engine,
  request: Request,
  sentences: readonly Sentence[],
  clock: Pick<Clock, "encoded" | "drawn">,
  follow = false,
  review?: (engine: Engine, session: Session, sentences: readonly Sentence[], kept: boolean) => Promise<void>,
): AsyncGenerator<void, void, undefined> {
  const { config, signal, logprobs } = request;
  const width = sentences[0]?.search.width ?? 1;
  const control: Control = {
    signal,
    deadline: config.maxTime === undefined ? Infinity : performance.now() + 1000 * config.maxTime,
    onEncoded: clock.encoded,
    reusesEncoder: request.reusesEncoder,
  };
  const way = wayOf(request, given.model);
  const seed = config.seed ?? anySeed();
  async function* run(engine: Engine, sizes: SessionSizes, group: readonly Sentence[]) {
    const { ops, sessions } = engine;
    const queue = group.filter(({ search }) => !search.ended);
    const whole = queue.length === group.length;
    const session = await sessions.take(sizes);
    let failed = false;
    try {
      if (queue.length === 0) {
        // They had ended; what is missing is the review.
      } else if (way === "javascript") {
        yield* (await hostSearch()).runHostSearch(ops, session, queue, control);
      } else {
        const search =
          way === "beams"
            ? deviceBeams(ops, session, config, { follow, logprobs })
            : deviceGreedySampling(ops, session, config, seed, logprobs, { host: hostSearch, onDrawn: clock.drawn });
        yield* runDecodeLoop(ops, session, queue, control, config, search);
      }
      if (review) {
        // Where a device was lost, some had ended on it, and only the others were encoded here.
        if (!whole) {
          clock.encoded(await encodeSlots(ops, session, group));
        }
        await review(engine, session, group, whole && way === "greedy");
      }
    } catch (error) {
      failed = !signal?.aborted;
      throw error;
    } finally {
      // What the device has refused once it would refuse again.
      if (failed) session.dispose();
      else sessions.give(session);
    }
  }
  // With a review no slot is used twice.
  const most = review ? slotsOf(width) : Math.max(1, sentences.length);
  let engine = given;
  for (const group of bucket(sentences, width).flatMap((group) => pieces(group, most))) {
    const sizes = {
      batchSize: Math.min(group.length, slotsOf(width)),
      width,
      independent: config.numBeams === 1,
      endTokens: config.numBeams > 1 ? config.eosTokenIds.length : 1,
      sourceLength: Math.max(...group.map(({ length }) => length)),
      targetLength: config.maxLength - 1,
    };
    for (let done = false; !done;) {
      signal?.throwIfAborted();
      try {
        yield* run(engine, sizes, group);
        done = true;
      } catch (error) {
        engine = await replacementOf(engine, error, signal);
      }
    }
  }
}

function pieces<T>(list: readonly T[], most: number): T[][] {
  const count = Math.ceil(list.length / most);
  return Array.from({ length: count }, (_, i) => list.slice(i * most, (i + 1) * most));
}

/** The hypotheses of all sentences, in their order: `num_return_sequences` per sentence. */
export function resultsOf(sentences: readonly Sentence[]): Hypothesis[] {
  return sentences.flatMap(({ search }) => search.results());
}
