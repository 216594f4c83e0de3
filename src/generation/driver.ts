/**
 * Runs searches over a session, one token of each at a time. Two ways:
 *
 * - `driveGreedy`: the device takes the best token, and works on the next steps while one is being read. Four bytes a
 *   row cross to JavaScript; nothing is written.
 * - `driveSearches`: the logits are read, JavaScript chooses, and tokens, positions and ancestors are written. Does
 *   everything; costs reading V floats a row and waiting for them.
 */

import { invariant } from "../errors";
import type { Ops, Plan } from "../ops";
import { packRules } from "../rules";
import type { Chains } from "./chains";
import { isIdle, type SearchConfig } from "./config";
import { writeEosTokens, writeRows, type Session } from "./session";
import { createSlots, type Job, type Slots } from "./slots";

export interface Control {
  signal?: AbortSignal;
  /** By `performance.now()`. */
  deadline: number;
  onEncoded: () => void;
}

/**
 * Yields after every step that moved a search. Jobs are taken from the front of `queue` as places become empty.
 * The session is left as it is by whoever leaves the loop; the next call starts it anew.
 */
export async function* driveSearches(
  ops: Ops,
  session: Session,
  queue: Job[],
  control: Control,
): AsyncGenerator<void, void, undefined> {
  const slots = createSlots(ops, session);
  const { width, vocabSize, decode } = session;
  const ancestors = session.beams && createAncestors(session);
  for (;;) {
    control.signal?.throwIfAborted();
    if (slots.wantsRefill(queue.length)) refill(slots, queue, control);
    const live = slots.jobs.flatMap((job, place) => (job ? [{ job, place }] : []));
    if (live.length === 0) return;
    writeRows(ops, session, slots);
    if (session.beams && ancestors) ops.write(session.beams.ancestors, ancestors.table);
    // While the prompt is being read nobody asks what comes next.
    const asking = live.filter(({ job, place }) => slots.fed[place] >= job.prompt.length - 1).map(({ place }) => place);
    const first = Math.min(...asking) * width * vocabSize;
    const count = (Math.max(...asking) + 1) * width * vocabSize - first;
    const [logits] = await ops.submit(
      [decode],
      asking.length > 0 ? [{ tensor: decode.outputs, start: first, count }] : [],
    );
    control.signal?.throwIfAborted();
    const expired = performance.now() > control.deadline;
    const own = Array.from({ length: width }, (_, i) => i);
    for (const { job, place } of live) {
      const fed = slots.fed[place] + 1;
      if (fed < job.prompt.length) {
        slots.set(place, fed, new Array<number>(width).fill(job.prompt[fed]), false);
        ancestors?.advance(place, fed, own);
        continue;
      }
      const rows = own.map((i) => {
        const start = (place * width + i) * vocabSize - first;
        return (logits as Float32Array).subarray(start, start + vocabSize);
      });
      const move = job.search.step(rows, expired);
      if (!move) {
        slots.jobs[place] = undefined;
        slots.set(place, 0, new Array<number>(width).fill(0), true);
        continue;
      }
      slots.set(place, fed, move.tokens, false);
      ancestors?.advance(place, fed, move.parents);
    }
    yield;
  }
}

export function refill(slots: Slots, queue: Job[], control: Control): void {
  // The steps that follow are in the device's queue behind it; who waits for them meets its failures, too.
  slots.refill(queue).then(control.onEncoded, () => undefined);
}

/**
 * Where each position of each row lies: the table (2, C, R) of `AttentionOptions.ancestors`. A step reads the half of
 * its row's parity; both hold the same here, since rows may be at different positions.
 */
function createAncestors({ width, rows, target }: Session) {
  const table = new Uint32Array(2 * target * rows);
  // A row's newest position always lies in the row itself.
  for (let i = 0; i < table.length; i++) table[i] = i % rows;
  return {
    table,
    /** Row i of the place goes on with what row parents[i] had, of which `fed` positions are in the cache. */
    advance(place: number, fed: number, parents: readonly number[]): void {
      const first = place * width;
      for (let p = 0; p < Math.min(fed, target); p++) {
        const before = table.slice(p * rows + first, p * rows + first + width);
        for (let i = 0; i < width; i++) table[p * rows + first + i] = before[parents[i]];
      }
      if (fed < target) for (let i = 0; i < width; i++) table[fed * rows + first + i] = first + i;
      table.copyWithin(target * rows, 0, target * rows);
    },
  };
}

interface Step {
  tokens: Uint32Array;
  logprobs: Map<number, Float32Array>;
}

/** The plan that chooses on the device by the rules of the configuration, with the table of those rules in place. */
export async function selectPlan(ops: Ops, session: Session, config: SearchConfig): Promise<Plan> {
  if (isIdle(config.rules)) return session.select();
  const table = packRules(config.rules, config);
  const plan = await session.select({ tableLength: table.length, renormalize: config.renormalize });
  if (session.rules) ops.write(session.rules.table, table);
  return plan;
}

/** For jobs whose prompt is the start token and whose search is one greedy chain. */
export async function* driveGreedy(
  ops: Ops,
  session: Session,
  queue: Job[],
  control: Control,
  config: SearchConfig,
  logprobs: boolean,
): AsyncGenerator<void, void, undefined> {
  const { selection, rows, target } = session;
  invariant(selection, "driveGreedy: a session of beams");
  const select = await selectPlan(ops, session, config);
  const slots = createSlots(ops, session);
  const underWay: Promise<Step>[] = [];

  const submitStep = (): void => {
    const ahead = underWay.length;
    const reads = [{ tensor: selection.token, start: 0, count: rows }];
    // Rows that started at different times are at different positions of the list of log-probabilities.
    const live = slots.fed.filter((_, place) => slots.jobs[place]);
    const positions = logprobs ? [...new Set(live.map((fed) => fed + ahead))] : [];
    for (const p of positions) {
      if (p < target) reads.push({ tensor: selection.logprobs, start: p * rows, count: rows });
    }
    const result = ops.submit([session.decode, select], reads).then(([tokens, ...logprobs]): Step => ({
      tokens: tokens as Uint32Array,
      logprobs: new Map(logprobs.map((data, i) => [positions[i], data as Float32Array])),
    }));
    // Whoever leaves early waits for this promise in `finally`; until then a rejection is not unhandled.
    result.catch(() => undefined);
    underWay.push(result);
  };

  const isLive = (place: number): boolean => slots.jobs[place] !== undefined;
  const last = config.maxLength - 1; // steps that a sequence takes at most
  try {
    control.signal?.throwIfAborted();
    writeEosTokens(ops, selection, config.eosTokenIds);
    for (;;) {
      control.signal?.throwIfAborted();
      if (queue.length === 0 && !slots.jobs.some(Boolean)) return;
      // Empty places count on; before one passes the end of its cache it is set back.
      const full = slots.fed.some((fed, place) => !isLive(place) && fed + underWay.length >= target);
      const pause = full || slots.wantsRefill(queue.length);
      if (pause && underWay.length === 0) {
        slots.fed.forEach((_, place) => !isLive(place) && slots.set(place, 0, [0], true));
        if (slots.wantsRefill(queue.length)) refill(slots, queue, control);
        writeRows(ops, session, slots);
        continue;
      }
      const useful = (): boolean =>
        slots.fed.some((fed, place) => isLive(place) && fed + underWay.length < Math.min(last, target));
      while (!pause && underWay.length < ops.stepsInFlight && useful()) submitStep();
      const step = await underWay.shift();
      if (!step) return;
      control.signal?.throwIfAborted();
      const expired = performance.now() > control.deadline;
      slots.jobs.forEach((job, place) => {
        const position = slots.fed[place];
        const token = step.tokens[place];
        slots.set(place, position + 1, [token], slots.finished[place] === 1);
        if (!job) return;
        const choice = { token, logprob: step.logprobs.get(position)?.[place] ?? 0 };
        if (!(job.search as Chains).accept(choice, expired)) return;
        slots.jobs[place] = undefined;
        slots.set(place, position + 1, [token], true);
      });
      yield;
    }
  } finally {
    await Promise.allSettled(underWay);
  }
}
