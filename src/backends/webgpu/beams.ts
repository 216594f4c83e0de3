/** The operations of src/ops/beams.ts. */

import advanceBeams from "../../../shaders/advance_beams.wgsl?raw";
import backtrace from "../../../shaders/backtrace.wgsl?raw";
import * as state from "../../ops/beam-state";
import type { beams as contract } from "../../ops/beams";
import type { ImplementationOf } from "../../ops/contract";
import { named, SCORES } from "./constants";
import { kernel } from "./kernel";
import { largest } from "./largest";
import type { OperationRecorder } from "./recorder";
import type { Tuning } from "./tuning";

const { HYPOTHESIS_FIELDS, MAX_BEAMS, MAX_CANDIDATES, SETTINGS, TRACE_FIELDS } = state;
const STATE = {
  HYPOTHESIS_FIELDS,
  ...named("HYPOTHESIS", state.HYPOTHESIS),
  TRACE_FIELDS,
  ...named("TRACE", state.TRACE),
};
/** Of a workgroup of backtrace.wgsl. */
const THREADS = 64;

export function kernels({ workgroup }: Tuning) {
  const [read, write] = ["read", "write"] as const;
  return {
    advanceBeams: kernel({
      name: "advance_beams",
      shader: { "advance_beams.wgsl": advanceBeams },
      bindings: {
        candidates: read,
        settings: read,
        token: write,
        position: write,
        ancestors: write,
        trace: write,
        hypotheses: write,
        done: write,
      },
      params: {
        beams: "u32",
        candidates: "u32",
        vocabulary: "u32",
        rows: "u32",
        capacity: "u32",
        end_tokens: "u32",
      },
      constants: {
        ...SCORES,
        MAX_BEAMS,
        MAX_CANDIDATES,
        ...STATE,
        SETTINGS,
        ...named("SETTING", state.SETTING),
      },
      overrides: { WORKGROUP: workgroup },
    }),
    backtrace: kernel({
      name: "backtrace",
      shader: { "backtrace.wgsl": backtrace },
      bindings: { trace: read, hypotheses: read, settings: read, y: write },
      params: { rows: "u32", capacity: "u32" },
      constants: { ...STATE, ...named("SETTING", state.SETTING), THREADS },
    }),
  };
}

export function operations(recorder: OperationRecorder): ImplementationOf<typeof contract> {
  const { dispatch, tuning } = recorder;
  const { advanceBeams, backtrace } = kernels(tuning);
  return {
    beamCandidates(y, logprobs, { beams, hypotheses }) {
      largest(recorder, y, logprobs, y.shape[1], beams, hypotheses);
    },

    advanceBeams(candidates, state, vocabulary) {
      const { beams, endTokens, token, position, ancestors, trace, hypotheses, done, settings } = state;
      const [sentences, count] = candidates.shape;
      const [capacity, , rows] = trace.shape;
      const operands = { candidates, settings, token, position, ancestors, trace, hypotheses, done };
      const params = { beams, candidates: count, vocabulary, rows, capacity, end_tokens: endTokens };
      dispatch(advanceBeams, operands, params, [sentences, 1, 1]);
    },

    backtrace(y, { trace, hypotheses, settings }) {
      const [rows, , capacity] = y.shape;
      dispatch(backtrace, { trace, hypotheses, settings, y }, { rows, capacity }, [Math.ceil(rows / THREADS), 1, 1]);
    },
  };
}
