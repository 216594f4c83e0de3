/**
 * One step of beam search, as `GenerationMixin._beam_search` of Hugging Face transformers 5.23 does it
 * (generation/utils.py), on the arrays of beam-state.ts. Sums and quotients are float32, as there.
 *
 * Two differences that no finite result shows: a banned score is LEAST instead of -infinity, and of equal scores the
 * lowest index goes first, where torch.topk promises nothing.
 */

import { SETTING, SETTINGS, HYPOTHESIS, HYPOTHESIS_FIELDS, TRACE } from "../../ops/beam-state";
import { BANNED, candidateCount, LEAST, plus, UNLIKELY } from "../../util/scores";
import { asFloats } from "../../tensor/tensor";

export interface CpuBeams {
  beams: number; // K
  endTokens: number; // E
  rows: number; // R
  capacity: number; // C
  token: Uint32Array; // (R, 1)
  position: Uint32Array; // (R)
  ancestors: Uint32Array; // (2, C, R)
  trace: Uint32Array; // (C, 3, R)
  hypotheses: Uint32Array; // (R, HYPOTHESIS_FIELDS)
  done: Uint32Array; // (B)
  settings: Uint32Array; // (SETTINGS + E + C + 1)
}

/** Writes the k largest of `count` values, largest first, the lowest index of equals: (k, 2) bits and index. */
export function largest(out: Uint32Array, k: number, count: number, valueOf: (index: number) => number): void {
  const values = asFloats(out);
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const value = Math.max(LEAST, valueOf(i));
    if (kept === k && value <= values[2 * k - 2]) continue;
    let at = kept < k ? kept++ : k - 1;
    for (; at > 0 && values[2 * at - 2] < value; at--) out.copyWithin(2 * at, 2 * at - 2, 2 * at);
    values[2 * at] = value;
    out[2 * at + 1] = i;
  }
}

/** out (R, k, 2): the k largest of each row of x (R, V), and where they are. */
export function topK(out: Uint32Array, x: Float32Array, k: number, width: number): void {
  for (let row = 0; row < x.length / width; row++) {
    largest(out.subarray(row * k * 2, (row + 1) * k * 2), k, width, (i) => x[row * width + i]);
  }
}

/**
 * The best continuations of each item: out (B, N, 2) holds bits of logprob + running score, and beam * V + token.
 * logprobs (R, V)
 */
export function candidates(out: Uint32Array, logprobs: Float32Array, state: CpuBeams, width: number): void {
  const { beams, rows } = state;
  const n = candidateCount(state);
  const hypotheses = asFloats(state.hypotheses);
  for (let item = 0; item < rows / beams; item++) {
    largest(out.subarray(item * n * 2, (item + 1) * n * 2), n, beams * width, (i) => {
      const row = item * beams + Math.floor(i / width);
      return plus(logprobs[row * width + (i % width)], hypotheses[row * HYPOTHESIS_FIELDS + HYPOTHESIS.running]);
    });
  }
}

/** The indices of the `count` largest values, the lowest index of equals first. */
function ranked(values: readonly number[], count: number): number[] {
  return values
    .map((_, i) => i)
    .sort((a, b) => values[b] - values[a] || a - b)
    .slice(0, count);
}

/** An entry of the list of finished hypotheses. */
interface FinishedBeam {
  score: number;
  /** 0: none */
  length: number;
  parent: number;
  token: number;
  sum: number;
}

/** Goes on with the best candidates (B, N, 2), and keeps those that have ended. */
export function advance(chosen: Uint32Array, state: CpuBeams, width: number): void {
  const { beams, endTokens, rows, capacity, token, position, ancestors, trace, hypotheses, done, settings } = state;
  const n = candidateCount(state);
  const end = settings.subarray(SETTINGS, SETTINGS + endTokens);
  const penalties = asFloats(settings).subarray(SETTINGS + endTokens);
  const promptLength = settings[SETTING.promptLength];
  const hypothesisFloats = asFloats(hypotheses);
  const traceFloats = asFloats(trace);

  for (let item = 0; item < rows / beams; item++) {
    const first = item * beams;
    const at = position[first];
    position.fill(at + 1, first, first + beams);
    // An item that is done waits for the others. Hugging Face goes on with it, but can't change its result.
    if (done[item] === 1 || at >= capacity) continue;
    const length = at + 2 - promptLength; // new tokens, with the one of this step
    const last = at + 2 >= settings[SETTING.maxLength];

    // 1. the candidates, and which of them end
    const bits = chosen.subarray(item * n * 2, (item + 1) * n * 2);
    const list = Array.from({ length: n }, (_, i) => ({
      sum: asFloats(bits)[2 * i],
      parent: first + Math.floor(bits[2 * i + 1] / width),
      token: bits[2 * i + 1] % width,
      ends: last || end.includes(bits[2 * i + 1] % width),
    }));

    // 2. _get_running_beams_for_next_iteration: the best that have not ended
    const goingOn = list.map(({ sum, ends }) => plus(sum, ends ? UNLIKELY : 0));
    const running = ranked(goingOn, beams);

    // 3. _update_finished_beams: the best of what had ended before and what ends now. Only the first K candidates may
    // end; the others are there so that K beams can go on.
    const ended = Array.from({ length: beams }, (_, k): FinishedBeam => {
      const hypothesis = (first + k) * HYPOTHESIS_FIELDS;
      const [score, sum] = [
        hypothesisFloats[hypothesis + HYPOTHESIS.score],
        hypothesisFloats[hypothesis + HYPOTHESIS.sum],
      ];
      const [length, parent, token] = [
        hypotheses[hypothesis + HYPOTHESIS.length],
        hypotheses[hypothesis + HYPOTHESIS.parent],
        hypotheses[hypothesis + HYPOTHESIS.token],
      ];
      return { score, length, parent, token, sum };
    });
    list.forEach(({ sum, parent, token, ends }, i) => {
      const finishes = ends && i < beams;
      const score = sum <= BANNED ? LEAST : Math.fround(sum / penalties[length]);
      ended.push({ score: plus(score, finishes ? 0 : UNLIKELY), length: finishes ? length : 0, parent, token, sum });
    });
    const best = ranked(
      ended.map(({ score }) => score),
      beams,
    ).map((i) => ended[i]);

    // 4. to the state
    const [now, next] = [(at & 1) * capacity * rows, ((at + 1) & 1) * capacity * rows];
    for (let k = 0; k < beams; k++) {
      const row = first + k;
      const from = list[running[k]];
      for (let p = 0; p <= at; p++) ancestors[next + p * rows + row] = ancestors[now + p * rows + from.parent];
      if (at + 1 < capacity) ancestors[next + (at + 1) * rows + row] = row;
      token[row] = from.token;
      trace[(3 * at + TRACE.token) * rows + row] = from.token;
      trace[(3 * at + TRACE.parent) * rows + row] = from.parent;
      traceFloats[(3 * at + TRACE.score) * rows + row] = goingOn[running[k]];
      const hypothesis = row * HYPOTHESIS_FIELDS;
      hypothesisFloats[hypothesis + HYPOTHESIS.running] = goingOn[running[k]];
      hypothesisFloats[hypothesis + HYPOTHESIS.score] = best[k].score;
      hypotheses[hypothesis + HYPOTHESIS.length] = best[k].length;
      hypotheses[hypothesis + HYPOTHESIS.parent] = best[k].parent;
      hypotheses[hypothesis + HYPOTHESIS.token] = best[k].token;
      hypothesisFloats[hypothesis + HYPOTHESIS.sum] = best[k].sum;
    }

    // 5. _check_early_stop_heuristic and _beam_search_has_unfinished_sequences
    const full = best.every((hypothesis) => hypothesis.length > 0);
    const hoped = settings[SETTING.hopedLength] || length;
    const possible = goingOn[running[0]] <= BANNED ? LEAST : Math.fround(goingOn[running[0]] / penalties[hoped]);
    const lowest = Math.min(...best.map(({ score }) => score));
    const improvable = best.some((hypothesis) => possible > (hypothesis.length > 0 ? lowest : UNLIKELY));
    const open = list.some(({ ends }) => !ends);
    if (!improvable || (full && settings[SETTING.stopWhenFull] === 1) || !open) done[item] = 1;
  }
}

/** out (R, 3, C): the fields of TRACE along the hypothesis of each hypothesis, the log-probability for the score. */
export function backtrace(out: Uint32Array, { rows, capacity, trace, hypotheses }: CpuBeams): void {
  const outFloats = asFloats(out);
  out.fill(0);
  for (let hypothesis = 0; hypothesis < rows; hypothesis++) {
    const field = hypotheses.subarray(hypothesis * HYPOTHESIS_FIELDS, (hypothesis + 1) * HYPOTHESIS_FIELDS);
    let [token, parent, sum] = [field[HYPOTHESIS.token], field[HYPOTHESIS.parent], asFloats(field)[HYPOTHESIS.sum]];
    for (let i = field[HYPOTHESIS.length] - 1; i >= 0; i--) {
      // What the step before chose for the row that this token continues.
      const before = (what: number): number => (3 * (i - 1) + what) * rows + parent;
      const sumBefore = i === 0 ? 0 : asFloats(trace)[before(TRACE.score)];
      const to = (what: number): number => (3 * hypothesis + what) * capacity + i;
      out[to(TRACE.token)] = token;
      out[to(TRACE.parent)] = parent;
      outFloats[to(TRACE.score)] = sum - sumBefore;
      if (i > 0) [token, parent, sum] = [trace[before(TRACE.token)], trace[before(TRACE.parent)], sumBefore];
    }
  }
}
