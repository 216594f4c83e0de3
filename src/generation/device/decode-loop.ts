/**
 * The loop of the searches that stay on the device. It chooses, and goes on with the next steps while JavaScript reads
 * the few bytes of one before. `greedy.ts` and `beams.ts` say what is read and how a sentence starts and
 * ends; searches that JavaScript must see the scores of are in `host-search.ts`.
 */

import { invariant } from "../../errors";
import type { Ops, Plan, Slice } from "../../ops/ops";
import { packProcessors } from "../../ops/logits-processors";
import { isIdle, type SearchConfig } from "../options/search-config";
import type { Session } from "./session";
import { createSlots, type Control, type Sentence } from "./slots";

type Data = Float32Array | Uint32Array;

/** What a step told of one slot. */
export interface StepResult {
  /** The position of the cache that the step filled. */
  position: number;
  /** One for each of `reads`. */
  data: Data[];
  /** What `readAt` names for this position. */
  own?: Data;
  /** Everything ends here. */
  expired: boolean;
}

/** What one search does differently from another. */
export interface DeviceSearch {
  /** What to read after every step. */
  readonly reads: readonly Slice[];
  /** And what of each position that a slot is at: sentences that started at different times are at different ones. */
  readonly readAt?: (position: number) => Slice;
  /** Sets a slot to its first position. Without a sentence it counts on from there, and nobody looks. */
  start(slot: number, sentence: Sentence | undefined): void;
  /** Takes what a step told of a sentence; true once that has ended. */
  accept(sentence: Sentence, slot: number, result: StepResult): boolean;
  /** Reads what is still on the device of sentences that have ended. Were there any? */
  collect?(): Promise<boolean>;
}

interface Step {
  data: Data[];
  /** By position. */
  own: Map<number, Data>;
}

/**
 * Yields when `settled()` of a sentence may have something new. Sentences are taken from the front of `queue` as slots become
 * empty; their prompts are the start token. The session is left as it is by whoever leaves the loop; the next call
 * starts it anew.
 */
export async function* driveDevice(
  ops: Ops,
  session: Session,
  queue: Sentence[],
  control: Control,
  config: SearchConfig,
  search: DeviceSearch,
): AsyncGenerator<void, void, undefined> {
  const { target } = session;
  const select = await selectPlan(ops, session, config);
  const slots = createSlots(ops, session);
  const underWay: Promise<Step>[] = [];
  /** The positions that a step would fill which is submitted now. */
  const positionsOf = (live: boolean): number[] =>
    slots.fed.filter((_, slot) => Boolean(slots.sentences[slot]) === live).map((fed) => fed + underWay.length);

  const submitStep = (): void => {
    const positions = [...new Set(positionsOf(true))].filter((position) => position < target);
    const at = search.readAt ? positions.map(search.readAt) : [];
    const step = ops.submit([session.decode, select], [...search.reads, ...at]).then((data): Step => {
      const own = data.splice(search.reads.length);
      return { data, own: new Map(own.map((part, i) => [positions[i], part])) };
    });
    // Whoever leaves early waits for this promise in `finally`; until then a rejection is not unhandled.
    step.catch(() => undefined);
    underWay.push(step);
  };

  const last = Math.min(config.maxLength - 1, target); // steps that a sequence takes at most
  try {
    for (;;) {
      control.signal?.throwIfAborted();
      const done = queue.length === 0 && !slots.sentences.some(Boolean);
      // Empty slots count on; before one passes the end of its cache it is set back.
      const full = positionsOf(false).some((position) => position >= target);
      const pause = full || slots.wantsRefill(queue.length);
      if (done || (pause && underWay.length === 0)) {
        if (await search.collect?.()) yield;
        if (done) return;
        for (const slot of slots.refill(queue, control.onEncoded)) search.start(slot, slots.sentences[slot]);
        continue;
      }
      const useful = (): boolean => positionsOf(true).some((position) => position < last);
      while (!pause && underWay.length < ops.stepsInFlight && useful()) submitStep();
      const step = await underWay.shift();
      invariant(step, "driveDevice: nothing is under way");
      control.signal?.throwIfAborted();
      const expired = performance.now() > control.deadline;
      slots.sentences.forEach((sentence, slot) => {
        const position = slots.fed[slot]++;
        const emitted = { position, data: step.data, own: step.own.get(position), expired };
        if (sentence && search.accept(sentence, slot, emitted)) slots.sentences[slot] = undefined;
      });
      yield;
    }
  } finally {
    await Promise.allSettled(underWay);
  }
}

/** The plan that chooses on the device by the rules of the configuration, with the table of those rules in slot. */
async function selectPlan(ops: Ops, session: Session, config: SearchConfig): Promise<Plan> {
  if (isIdle(config.processors)) return session.select();
  const table = packProcessors(config.processors, config);
  const plan = await session.select({ tableLength: table.length, renormalize: config.renormalize });
  if (session.processors) ops.write(session.processors.table, table);
  return plan;
}
