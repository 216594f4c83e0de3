/**
 * Follows a beam search on the device step by step, so that a stream can show tokens before the search ends. It rebuilds the
 * running sequences in JavaScript from what each step writes to `trace` and `hypotheses` (src/ops/beam-state.ts).
 */

import { HYPOTHESIS, HYPOTHESIS_FIELDS, TRACE, TRACE_FIELDS, type BeamState } from "../../ops/beam-state";
import type { Slice } from "../../ops/ops";
import { asFloats, size } from "../../tensor/tensor";
import { choicesOf, type Choice, type Node } from "../search/search";

interface Scored extends Node {
  /** The sum of the log-probabilities up to this token. */
  sum: number;
}

export class BeamTrail {
  /** history[slot][position]: the beams after the step at that position. */
  private readonly history: Scored[][][];
  private readonly rows: number;

  constructor(private readonly state: BeamState) {
    this.rows = state.hypotheses.shape[0];
    this.history = Array.from({ length: this.rows / state.beams }, () => []);
  }

  /** Forgets the sentence that was in this slot. */
  start(slot: number): void {
    this.history[slot] = [];
  }

  /** What to read after every step. */
  get hypotheses(): Slice {
    const { hypotheses } = this.state;
    return { tensor: hypotheses, start: 0, count: size(hypotheses.shape) };
  }

  /** What to read after a step at this position. */
  trace(position: number): Slice {
    const count = TRACE_FIELDS * this.rows;
    return { tensor: this.state.trace, start: position * count, count };
  }

  /** @param trace what the step wrote at the slot's next position */
  advance(slot: number, trace: Uint32Array): void {
    const { beams } = this.state;
    const sums = asFloats(trace);
    const steps = this.history[slot];
    const before = steps[steps.length - 1] ?? [];
    const first = slot * beams;
    const after = Array.from({ length: beams }, (_, i): Scored => {
      const field = (name: number): number => name * this.rows + first + i;
      const previous = before[trace[field(TRACE.parent)] - first];
      const sum = sums[field(TRACE.score)];
      const choice = { token: trace[field(TRACE.token)], logprob: sum - (previous?.sum ?? 0) };
      return { choice, sum, previous };
    });
    steps.push(after);
  }

  /** The longest beginning that all running beams and all hypotheses of the slot share. */
  agreed(slot: number, hypotheses: Uint32Array): Choice[] {
    const { beams } = this.state;
    const steps = this.history[slot];
    const open = (steps[steps.length - 1] ?? []).map(choicesOf);
    for (let i = 0; i < beams; i++) {
      const at = (slot * beams + i) * HYPOTHESIS_FIELDS;
      const length = hypotheses[at + HYPOTHESIS.length];
      if (length === 0) continue;
      const parent = steps[length - 2]?.[hypotheses[at + HYPOTHESIS.parent] - slot * beams];
      open.push([...choicesOf(parent), { token: hypotheses[at + HYPOTHESIS.token], logprob: 0 }]);
    }
    const [first = [], ...others] = open;
    const agreed = first.findIndex((choice, i) => others.some((other) => other[i]?.token !== choice.token));
    return agreed < 0 ? first : first.slice(0, agreed);
  }
}
