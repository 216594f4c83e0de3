/**
 * The decode loop of searches that stay on the device. The device chooses every token; JavaScript reads only a few bytes per
 * step, and it submits the next steps before it reads the result of the last one. `greedy-sampling.ts` and `beams.ts` say what a
 * step returns, and how a sentence starts and ends. Searches that need the scores in JavaScript run in `host-search.ts`.
 *
 * Example: 2 slots, at most 2 steps in flight, and three sentences: A of 3 tokens, B of 5, C of 2. Time runs to the right; a
 * slot shows what is read: "A0" is the first token of A, "$" marks the last token of a sentence, "--" is an empty slot.
 *
 *   encode  A,B                               B,C
 *   submit  s0  s1      s2      s3            s4  s5      s6
 *   read            s0      s1      s2   s3           s4       s5
 *   slot 0          A0      A1      A2$  --           C0       C1$
 *   slot 1          B0      B1      B2   B3           B4$      --
 *                                   (1)  (2)          (3)      (4)
 *
 * (1) A has ended and C waits, so nothing more is submitted. (2) Nothing is in flight: C takes slot 0, and both sentences are
 * encoded. (3) B has ended and nobody waits: C goes on. (4) C has ended: the loop returns, and the result of s6 is dropped.
 *
 * What always holds:
 * - At most `ops.pace.limit` steps are in flight, fewer after an undecided one, and they are read in the order in which they were submitted.
 * - A step decodes every slot. The next one to be submitted decodes slot i at position `fed[i] + inFlight.length`.
 * - No slot, live or empty, is decoded past the end of its cache: that would write into the cache of the next row.
 * - A step is submitted only if at least one live sentence can still use its token.
 * - Slots are written only while no step is in flight.
 * - A row that the device leaves undecided stays where it is in all steps behind, so nothing is lost when these are dropped.
 * - When the loop is left, by return, error or abort, no step is in flight.
 */

import { invariant } from "../../errors";
import type { Ops, Plan, Slice } from "../../ops/ops";
import { timestampWords } from "../../ops/audio";
import { packProcessors } from "../../ops/logits-processors";
import type { Candidates } from "../../ops/sampling";
import { isIdle, type SearchConfig } from "../options/search-config";
import type { Session } from "./session";
import { createSlots, type Control, type Sentence, type Slots } from "./slots";

type Data = Float32Array | Uint32Array;

/** What one step returned for one slot. */
export interface StepResult {
  /** The position of the cache that the step filled. */
  position: number;
  /** One for each of `DeviceSearch.reads`. */
  data: Data[];
  /** The slice that `DeviceSearch.readAt` gives for this position. */
  atPosition?: Data;
  /** The time is up: the sentence ends with this token. */
  expired: boolean;
}

/** What differs between greedy search and beam search. */
export interface DeviceSearch {
  /** Of sampling: from which candidates a token is drawn. */
  readonly candidates?: Candidates;
  /** What to read after every step. */
  readonly reads: readonly Slice[];
  /** What else to read for each position in use. Slots that started at different times are at different positions. */
  readonly readAt?: (position: number) => Slice;
  /** What `decide` needs if the next step is as undecided as the last one was: read with that step, there is no read-back more. */
  readAhead?(): readonly Slice[];
  /**
   * Sets a slot back to the end of a prompt, whose other `fed` tokens are in the cache. An empty slot, without a sentence, goes
   * on decoding, but its results are ignored.
   */
  start(slot: number, sentence: Sentence | undefined, fed: number): void;
  /**
   * Brings sentences that began on a device that is lost to where they were, after `start`. Absent: they begin anew, and come
   * to the same end.
   */
  resume?(slots: readonly number[], state: Slots, signal?: AbortSignal): Promise<void>;
  /**
   * Chooses, and puts into the result of a step, what the device has left undecided. The device goes on from there.
   * @param idle waits for the steps in flight, whose results are dropped
   * @returns whether there was something
   */
  decide?(step: Step, slots: Slots, idle: () => Promise<unknown>): Promise<boolean>;
  /** Takes the result of a step for a sentence. Returns true if the sentence has ended. */
  accept(sentence: Sentence, slot: number, result: StepResult): boolean;
  /** Reads what the device still holds of sentences that have ended. Returns false if there was nothing to read. */
  collect?(): Promise<boolean>;
}

export interface Step {
  data: Data[];
  byPosition: Map<number, Data>;
  /** One for each of `DeviceSearch.readAhead`; empty where nothing was read ahead. */
  ahead: Data[];
}

/**
 * Runs all sentences of `queue`. They are taken from its front as slots become empty. Yields after each step, when
 * `settled()` of a sentence may have something new. The session needs no clean-up afterwards: the next call starts every
 * slot anew.
 */
export async function* runDecodeLoop(
  ops: Ops,
  session: Session,
  queue: Sentence[],
  control: Control,
  config: SearchConfig,
  search: DeviceSearch,
): AsyncGenerator<void, void, undefined> {
  const capacity = session.targetLength;
  const lastPosition = Math.min(config.maxLength - 1, capacity) - 1;
  const select = await selectPlan(ops, session, config, queue[0].prompt[0], search.candidates);
  const slots = await createSlots(ops, session, queue[0].prompt.length);
  const inFlight: Promise<Step>[] = [];
  /** Steps in flight, at most: where one was undecided, the next may be, too, and those behind it would be in vain. */
  let most = Infinity;
  /** Whether the next result also waits for the encoder. */
  let encoding = false;
  const isLive = (slot: number): boolean => slots.sentences[slot] !== undefined;
  /** Where the next step to be submitted would decode a slot. */
  const nextPosition = (slot: number): number => slots.fed[slot] + inFlight.length;
  const all = slots.sentences.map((_, slot) => slot);

  const canSubmit = (): boolean =>
    inFlight.length < Math.min(ops.pace.limit, most) &&
    all.every((slot) => nextPosition(slot) < capacity) &&
    all.some((slot) => isLive(slot) && nextPosition(slot) <= lastPosition);

  const submitStep = (): void => {
    const positions = search.readAt ? [...new Set(all.filter(isLive).map(nextPosition))] : [];
    const slices = positions.map((position) => search.readAt!(position));
    const ahead = most === 1 ? (search.readAhead?.() ?? []) : [];
    const read = [...search.reads, ...slices, ...ahead];
    const step = ops.submit([session.decode, select], read).then((data): Step => {
      const rest = data.splice(search.reads.length);
      const byPosition = new Map(positions.map((position, i) => [position, rest[i]]));
      return { data, byPosition, ahead: rest.slice(positions.length) };
    });
    // `finally` below waits for this promise; without this line a rejection before that would count as unhandled.
    step.catch(() => undefined);
    inFlight.push(step);
  };

  try {
    for (;;) {
      control.signal?.throwIfAborted();
      const done = queue.length === 0 && !all.some(isLive);
      // An empty slot counts on with the others. At the end of its cache it must be set back.
      const emptyIsFull = all.some((slot) => !isLive(slot) && nextPosition(slot) >= capacity);
      const pause = emptyIsFull || slots.wantsRefill(queue.length);
      if (done || (pause && inFlight.length === 0)) {
        if (await search.collect?.()) yield;
        if (done) return;
        const refilled = slots.refill(queue, control);
        for (const slot of refilled) search.start(slot, slots.sentences[slot], slots.fed[slot]);
        await search.resume?.(refilled, slots, control.signal);
        encoding = true;
        continue;
      }
      while (!pause && canSubmit()) submitStep();
      const regular = inFlight.length === ops.pace.limit && !encoding;
      const asked = performance.now();
      const step = await inFlight.shift();
      ops.pace.waited(regular ? performance.now() - asked : undefined);
      encoding = false;
      invariant(step, "runDecodeLoop: no step is in flight");
      await slots.encoded();
      control.signal?.throwIfAborted();
      if (await search.decide?.(step, slots, () => Promise.all(inFlight.splice(0)))) most = 1;
      else most *= 2;
      const expired = performance.now() > control.deadline;
      slots.sentences.forEach((sentence, slot) => {
        const position = slots.fed[slot]++;
        const result = { position, data: step.data, atPosition: step.byPosition.get(position), expired };
        if (sentence && search.accept(sentence, slot, result)) slots.sentences[slot] = undefined;
      });
      yield;
    }
  } finally {
    await Promise.allSettled(inFlight);
  }
}

/** The plan that applies the logits processors and chooses on the device. Writes their parameters to the device. */
async function selectPlan(
  ops: Ops,
  session: Session,
  config: SearchConfig,
  startTokenId: number,
  candidates?: Candidates,
): Promise<Plan> {
  const { renormalize } = config;
  const timestamps = config.timestamps && session.timestamps();
  if (config.timestamps && timestamps) ops.write(timestamps, timestampWords(config.timestamps));
  if (isIdle(config.processors)) return session.select({ timestamps, renormalize, candidates });
  const table = packProcessors(config.processors, { ...config, startTokenId });
  const plan = await session.select({ tableLength: table.length, renormalize, timestamps, candidates });
  if (session.processors) ops.write(session.processors.table, table);
  return plan;
}
