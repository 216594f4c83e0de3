/**
 * Beam search that stays on the device: it chooses, moves the beams and keeps what has ended. JavaScript reads whether
 * each sentence is done, 4 bytes a step, and the sequences once at the end. `beam.ts` is the same search in JavaScript.
 */

import { invariant, ModelError } from "../errors";
import type { Ops, Slice } from "../ops";
import { BeamTrail } from "./beam-trail";
import { readBeams, startBeams, startItems, type Hypothesis as DeviceHypothesis } from "./beams";
import type { SearchConfig } from "./config";
import { refill, selectPlan, type Control } from "./driver";
import type { Choice, Hypothesis, Search } from "./search";
import type { Session } from "./session";
import { createSlots, type Job } from "./slots";

export interface DeviceBeams extends Search {
  /** The sequences of the sentence, best first. */
  finish(found: DeviceHypothesis[]): void;
  /** What all beams have in common so far. */
  agree(choices: Choice[]): void;
}

export function createDeviceBeams(config: SearchConfig, prompt: readonly number[]): DeviceBeams {
  let found: Hypothesis[] = [];
  let settled: Choice[] = [];
  let told = 0;
  const choicesOf = ({ tokens, logprobs }: DeviceHypothesis): Choice[] =>
    tokens.map((token, i) => ({ token, logprob: logprobs[i] }));
  return {
    width: config.numBeams,
    step() {
      throw new ModelError("internal", "A search of the device was asked to step.");
    },
    finish(hypotheses) {
      found = hypotheses.slice(0, config.numReturnSequences).map((hypothesis) => ({
        tokens: [...prompt, ...hypothesis.tokens],
        choices: choicesOf(hypothesis),
        score: hypothesis.score,
      }));
      settled = found[0].choices;
    },
    agree(choices) {
      settled = choices;
    },
    settled() {
      const fresh = settled.slice(told);
      told = Math.max(told, settled.length);
      return fresh.map((choice) => ({ index: 0, choice }));
    },
    results: () => found,
  };
}

/** A step on its way: what it told, and at which position each place was. */
interface Step {
  done: Uint32Array;
  trail: (Uint32Array | Float32Array)[];
}

/**
 * For jobs whose prompt is the start token and whose searches are `createDeviceBeams`.
 * @param follow reads tokens, parents and finished beams of each step, too, so that `settled` tells what is certain
 */
export async function* driveBeams(
  ops: Ops,
  session: Session,
  queue: Job[],
  control: Control,
  config: SearchConfig,
  follow: boolean,
): AsyncGenerator<void, void, undefined> {
  const { beams, sentences, target } = session;
  invariant(beams, "driveBeams: a session without beams");
  const select = await selectPlan(ops, session, config);
  const slots = createSlots(ops, session);
  const trail = follow ? new BeamTrail(beams) : undefined;
  const underWay: Promise<Step>[] = [];
  /** Done, and still to be read. */
  const ended = new Set<number>();
  const isLive = (place: number): boolean => slots.jobs[place] !== undefined && !ended.has(place);

  const submitStep = (): void => {
    const reads: Slice[] = [{ tensor: beams.done, start: 0, count: sentences }];
    if (trail) reads.push(...trail.reads(slots.fed.map((fed) => fed + underWay.length)));
    const step = ops
      .submit([session.decode, select], reads)
      .then(([done, ...rest]): Step => ({ done: done as Uint32Array, trail: rest }));
    // Whoever leaves early waits for this promise in `finally`; until then a rejection is not unhandled.
    step.catch(() => undefined);
    underWay.push(step);
  };

  /** Reads the sequences of the sentences that are done, and empties their places. */
  const collect = async (): Promise<void> => {
    if (ended.size === 0) return;
    const steps = Math.max(...[...ended].map((place) => slots.fed[place]));
    const found = await readBeams(ops, beams, Math.min(steps, target));
    for (const place of ended) {
      (slots.jobs[place]?.search as DeviceBeams).finish(found[place]);
      slots.jobs[place] = undefined;
    }
    ended.clear();
  };

  try {
    control.signal?.throwIfAborted();
    startBeams(ops, beams, config);
    for (;;) {
      control.signal?.throwIfAborted();
      const idle = slots.jobs.filter((_, place) => !isLive(place)).length;
      if (idle === sentences && underWay.length === 0) {
        const told = ended.size > 0;
        await collect();
        if (told) yield;
        if (queue.length === 0) return;
      }
      // Places that are done count on; before one passes the end of its cache it is set back.
      const full = slots.fed.some((fed, place) => !isLive(place) && fed + underWay.length >= target);
      const wanted = Math.min(queue.length, Math.ceil(sentences / 2));
      const pause = full || (queue.length > 0 && idle >= wanted);
      if (pause && underWay.length === 0) {
        await collect();
        const empty = slots.jobs.flatMap((job, place) => (job ? [] : [place]));
        if (queue.length > 0) refill(slots, queue, control);
        for (const place of empty) {
          slots.fed[place] = 0;
          startItems(ops, beams, config.startTokenId, place, 1, !slots.jobs[place]);
          trail?.start(place);
        }
        continue;
      }
      const useful = (): boolean =>
        slots.fed.some((fed, place) => isLive(place) && fed + underWay.length < Math.min(config.maxLength - 1, target));
      while (!pause && underWay.length < ops.stepsInFlight && useful()) submitStep();
      const step = await underWay.shift();
      invariant(step, "driveBeams: nothing is under way");
      control.signal?.throwIfAborted();
      if (trail) trail.advance(slots.fed, step.trail);
      slots.jobs.forEach((job, place) => {
        slots.fed[place]++;
        if (!job || ended.has(place)) return;
        if (step.done[place] === 1) ended.add(place);
        else if (trail) (job.search as DeviceBeams).agree(trail.agreed(place));
      });
      yield;
    }
  } finally {
    await Promise.allSettled(underWay);
  }
}

/** Do the kernels take it: see `candidatesShape` in beams.ts. */
export function fitsDevice(config: SearchConfig, vocabSize: number, limits: { beams: number; candidates: number }) {
  const { numBeams, eosTokenIds } = config;
  const candidates = Math.max(2, 1 + eosTokenIds.length) * numBeams;
  return numBeams <= limits.beams && candidates <= limits.candidates && candidates <= numBeams * vocabSize;
}
