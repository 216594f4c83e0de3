/**
 * What the operations of src/ops/beams.ts compute: one step of beam search, as `GenerationMixin._beam_search` of Hugging
 * Face transformers 5.23 does it (generation/utils.py). Sums and quotients are float32, as there.
 *
 * Two differences that no finite result shows: a banned score is LEAST instead of -infinity, and of equal scores the
 * lowest index goes first, where torch.topk promises nothing.
 */

import { HYPOTHESIS, HYPOTHESIS_FIELDS, SETTING, SETTINGS, TRACE, TRACE_FIELDS } from "../../ops/beam-state";
import type { beams as contract } from "../../ops/beams";
import type { ImplementationOf } from "../../ops/contract";
import { asFloats } from "../../tensor/tensor";
import { BANNED, candidateCount, LEAST, plus, UNLIKELY } from "../../util/scores";
import { largest } from "./selection";
import { f32, u32 } from "./tensors";

/** The indices of the `count` largest values, the lowest index of equals first. */
function ranked(values: readonly number[], count: number): number[] {
  return values
    .map((_, i) => i)
    .sort((a, b) => values[b] - values[a] || a - b)
    .slice(0, count);
}

/** A finished hypothesis; a `length` of 0 marks an empty entry. The names are those of HYPOTHESIS. */
type Finished = Record<"score" | "length" | "parent" | "token" | "sum", number>;

function readHypothesis(hypotheses: Uint32Array, row: number): Finished {
  const words = hypotheses.subarray(row * HYPOTHESIS_FIELDS, (row + 1) * HYPOTHESIS_FIELDS);
  const [length, parent, token] = [words[HYPOTHESIS.length], words[HYPOTHESIS.parent], words[HYPOTHESIS.token]];
  const floats = asFloats(words);
  return { score: floats[HYPOTHESIS.score], length, parent, token, sum: floats[HYPOTHESIS.sum] };
}

function writeHypothesis(hypotheses: Uint32Array, row: number, running: number, finished: Finished): void {
  const words = hypotheses.subarray(row * HYPOTHESIS_FIELDS, (row + 1) * HYPOTHESIS_FIELDS);
  const floats = asFloats(words);
  floats[HYPOTHESIS.running] = running;
  floats[HYPOTHESIS.score] = finished.score;
  words[HYPOTHESIS.length] = finished.length;
  words[HYPOTHESIS.parent] = finished.parent;
  words[HYPOTHESIS.token] = finished.token;
  floats[HYPOTHESIS.sum] = finished.sum;
}

export const beams: ImplementationOf<typeof contract> = {
  beamCandidates(y, logprobs, state) {
    const { beams } = state;
    const [sentences, count] = y.shape;
    const vocabSize = logprobs.shape[2];
    const [scores, running] = [f32(logprobs), asFloats(u32(state.hypotheses))];
    for (let sentence = 0; sentence < sentences; sentence++) {
      const out = u32(y).subarray(sentence * count * 2, (sentence + 1) * count * 2);
      largest(out, count, beams * vocabSize, (i) => {
        const row = sentence * beams + Math.floor(i / vocabSize);
        return plus(scores[row * vocabSize + (i % vocabSize)], running[row * HYPOTHESIS_FIELDS + HYPOTHESIS.running]);
      });
    }
  },

  advanceBeams(candidates, state, vocabSize) {
    const { beams, endTokens } = state;
    const count = candidateCount(state); // J
    const [capacity, , rows] = state.trace.shape; // C, B
    const [token, position, done, ancestors] = [state.token, state.position, state.done, state.ancestors].map(u32);
    const [trace, hypotheses, settings] = [state.trace, state.hypotheses, state.settings].map(u32);
    const endTokenIds = settings.subarray(SETTINGS, SETTINGS + endTokens);
    const penalties = asFloats(settings).subarray(SETTINGS + endTokens);
    /** Where in `trace` the field of a row and position is. */
    const traceAt = (p: number, field: number, row: number): number => (TRACE_FIELDS * p + field) * rows + row;

    for (let sentence = 0; sentence < rows / beams; sentence++) {
      const first = sentence * beams;
      const at = position[first];
      position.fill(at + 1, first, first + beams);
      // A sentence that is done waits for the others. Hugging Face goes on with it, but that does not change its result.
      if (done[sentence] === 1 || at >= capacity) continue;
      const length = at + 2 - settings[SETTING.promptLength]; // new tokens, with the one of this step
      const last = at + 2 >= settings[SETTING.maxLength];

      // 1. the candidates, and which of them end
      const words = u32(candidates).subarray(sentence * count * 2, (sentence + 1) * count * 2);
      const list = Array.from({ length: count }, (_, i) => {
        const [beam, token] = [Math.floor(words[2 * i + 1] / vocabSize), words[2 * i + 1] % vocabSize];
        return { sum: asFloats(words)[2 * i], parent: first + beam, token, ends: last || endTokenIds.includes(token) };
      });

      // 2. _get_running_beams_for_next_iteration: the best that have not ended
      const goingOn = list.map(({ sum, ends }) => plus(sum, ends ? UNLIKELY : 0));
      const running = ranked(goingOn, beams);

      // 3. _update_finished_beams: the best of what had ended before and what ends now. Only the first G candidates may
      // end; the others are there so that G beams can go on.
      const ended = Array.from({ length: beams }, (_, k) => readHypothesis(hypotheses, first + k));
      list.forEach(({ sum, parent, token, ends }, i) => {
        const finishes = ends && i < beams;
        const score = sum <= BANNED ? LEAST : Math.fround(sum / penalties[length]);
        ended.push({ score: plus(score, finishes ? 0 : UNLIKELY), length: finishes ? length : 0, parent, token, sum });
      });
      const scores = ended.map(({ score }) => score);
      const best = ranked(scores, beams).map((i) => ended[i]);

      // 4. to the state
      const [now, next] = [(at & 1) * capacity * rows, ((at + 1) & 1) * capacity * rows];
      for (let k = 0; k < beams; k++) {
        const row = first + k;
        const from = list[running[k]];
        for (let p = 0; p <= at; p++) ancestors[next + p * rows + row] = ancestors[now + p * rows + from.parent];
        if (at + 1 < capacity) ancestors[next + (at + 1) * rows + row] = row;
        token[row] = from.token;
        trace[traceAt(at, TRACE.token, row)] = from.token;
        trace[traceAt(at, TRACE.parent, row)] = from.parent;
        asFloats(trace)[traceAt(at, TRACE.score, row)] = goingOn[running[k]];
        writeHypothesis(hypotheses, row, goingOn[running[k]], best[k]);
      }

      // 5. _check_early_stop_heuristic and _beam_search_has_unfinished_sequences
      const full = best.every((hypothesis) => hypothesis.length > 0);
      const hoped = settings[SETTING.hopedLength] || length;
      const possible = goingOn[running[0]] <= BANNED ? LEAST : Math.fround(goingOn[running[0]] / penalties[hoped]);
      const lowest = Math.min(...best.map(({ score }) => score));
      const improvable = best.some((hypothesis) => possible > (hypothesis.length > 0 ? lowest : UNLIKELY));
      const open = list.some(({ ends }) => !ends);
      if (!improvable || (full && settings[SETTING.stopWhenFull] === 1) || !open) done[sentence] = 1;
    }
  },

  backtrace(y, state) {
    const [rows, , capacity] = y.shape; // B, C
    const [out, trace, hypotheses] = [u32(y), u32(state.trace), u32(state.hypotheses)];
    const prompt = u32(state.settings)[SETTING.promptLength];
    out.fill(0);
    for (let row = 0; row < rows; row++) {
      let { token, parent, sum } = readHypothesis(hypotheses, row);
      for (let i = readHypothesis(hypotheses, row).length - 1; i >= 0; i--) {
        // What the step before chose for the row that this token continues.
        const before = (field: number): number => (TRACE_FIELDS * (prompt - 1 + i - 1) + field) * rows + parent;
        const sumBefore = i === 0 ? 0 : asFloats(trace)[before(TRACE.score)];
        const to = (field: number): number => (TRACE_FIELDS * row + field) * capacity + i;
        out[to(TRACE.token)] = token;
        out[to(TRACE.parent)] = parent;
        asFloats(out)[to(TRACE.score)] = sum - sumBefore;
        if (i > 0) [token, parent, sum] = [trace[before(TRACE.token)], trace[before(TRACE.parent)], sumBefore];
      }
    }
  },
};
