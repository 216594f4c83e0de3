/** One call of `generate` or `stream`: makes the sentences of a request and runs them in batches. */

import type { Model } from "../models/model";
import { createGreedySampling } from "./search/greedy-sampling";
import { createBeamResults, deviceBeams } from "./device/beams";
import { deviceGreedySampling, type LateDraws } from "./device/greedy-sampling";
import { runDecodeLoop } from "./device/decode-loop";
import type { Request } from "./request";
import type { Hypothesis, Search } from "./search/search";
import { rowOf } from "./batch";
import { beginnings } from "./beginnings";
import { bucket, pieces, slotsOf } from "./buckets";
import { anySeed } from "./search/random";
import { stopCriterion } from "./stop-strings";
import type { Clock } from "./stats";
import { loadPart } from "../util/part";
import { replacementOf, type Engine } from "./engine";
import { encodeSlots } from "./device/encode-slots";
import type { Session, SessionSizes } from "./device/session";
import type { Control, Sentence } from "./device/slots";
import { lengthOf } from "./device/source";
import { wayOf } from "./way";

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

interface RunOptions {
  /** Whether the caller asks `settled()` before the end. Default false. */
  follow?: boolean;
  /**
   * Called with each group of sentences once they are done, while the session still has what was encoded; `kept` says that it has
   * the log-probabilities of a greedy search, too.
   */
  review?: (engine: Engine, session: Session, sentences: readonly Sentence[], kept: boolean) => Promise<void>;
}

/**
 * Runs all sentences. Yields after every step of the device, when `settled()` of a sentence may have something new. Where the
 * device is lost, sentences that have not ended go on with the next engine, in a session of the same sizes: then the same
 * kernels compute the same bits.
 * @param clock of the call
 */
export async function* runSentences(
  given: Engine,
  request: Request,
  sentences: readonly Sentence[],
  clock: Pick<Clock, "encoded" | "drawn">,
  { follow = false, review }: RunOptions = {},
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
  const late: LateDraws = { host: hostSearch, onDrawn: clock.drawn };
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
            : deviceGreedySampling(ops, session, config, { seed, logprobs, late });
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

/** The hypotheses of all sentences, in their order: `num_return_sequences` per sentence. */
export function resultsOf(sentences: readonly Sentence[]): Hypothesis[] {
  return sentences.flatMap(({ search }) => search.results());
}
