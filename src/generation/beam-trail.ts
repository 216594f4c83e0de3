/**
 * Follows a beam search on the device step by step, for those who want to see its tokens before its end: a copy in
 * JavaScript of the sequences that are on their way, from what each step tells (beams.ts: `trace` and `slots`).
 */

import { SLOT, SLOT_FIELDS, TRACE, type BeamState } from "../beams";
import type { Slice } from "../ops";
import { size } from "../tensor";
import type { Choice } from "./search";

/** A token and the one before it. */
interface Node {
  choice: Choice;
  /** The running score with this token. */
  sum: number;
  length: number;
  previous?: Node;
}

export class BeamTrail {
  /** By place and position: the beams after the step at that position. */
  private readonly history: (Node | undefined)[][][];
  private readonly rows: number;
  private slots = new Uint32Array(0);
  /** Which positions the reads of a step cover, oldest step first. */
  private readonly covered: number[][] = [];

  constructor(private readonly state: BeamState) {
    this.rows = state.slots.shape[0];
    this.history = Array.from({ length: this.rows / state.beams }, () => []);
  }

  /** A new sentence in this place. */
  start(place: number): void {
    this.history[place] = [];
  }

  /** What to read after a step at these positions. */
  reads(positions: readonly number[]): Slice[] {
    const { slots, trace } = this.state;
    const capacity = trace.shape[0];
    const distinct = [...new Set(positions)].filter((position) => position < capacity);
    this.covered.push(distinct);
    return [
      { tensor: slots, start: 0, count: size(slots.shape) },
      ...distinct.map((p) => ({ tensor: trace, start: p * 3 * this.rows, count: 3 * this.rows })),
    ];
  }

  /** @param positions of the places before the step whose `reads` came back as `data` */
  advance(positions: readonly number[], [slots, ...traces]: (Uint32Array | Float32Array)[]): void {
    const distinct = this.covered.shift() ?? [];
    this.slots = slots as Uint32Array<ArrayBuffer>;
    const { beams } = this.state;
    this.history.forEach((steps, place) => {
      const trace = traces[distinct.indexOf(positions[place])] as Uint32Array | undefined;
      if (!trace) return;
      const sums = new Float32Array(trace.buffer, trace.byteOffset, trace.length);
      const before = steps[steps.length - 1] ?? [];
      const first = place * beams;
      const after = Array.from({ length: beams }, (_, i): Node => {
        const field = (name: number): number => name * this.rows + first + i;
        const previous = before[trace[field(TRACE.parent)] - first];
        const sum = sums[field(TRACE.score)];
        const choice = { token: trace[field(TRACE.token)], logprob: sum - (previous?.sum ?? 0) };
        return { choice, sum, length: steps.length + 1, previous };
      });
      steps.push(after);
    });
  }

  /** The tokens that all running beams and all finished ones of the place begin with. */
  agreed(place: number): Choice[] {
    const { beams } = this.state;
    const steps = this.history[place];
    const open = (steps[steps.length - 1] ?? []).map(path);
    for (let i = 0; i < beams; i++) {
      const slot = (place * beams + i) * SLOT_FIELDS;
      const length = this.slots[slot + SLOT.length];
      if (length === 0) continue;
      const parent = steps[length - 2]?.[this.slots[slot + SLOT.parent] - place * beams];
      open.push([...path(parent), { token: this.slots[slot + SLOT.token], logprob: 0 }]);
    }
    const [first = [], ...others] = open;
    const agreed = first.findIndex((choice, i) => others.some((other) => other[i]?.token !== choice.token));
    return agreed < 0 ? first : first.slice(0, agreed);
  }
}

function path(node: Node | undefined): Choice[] {
  const choices = new Array<Choice>(node?.length ?? 0);
  for (let at = node; at; at = at.previous) choices[at.length - 1] = at.choice;
  return choices;
}
