/** Measures one call. */

import type { Counters, Ops } from "../ops/ops";

/**
 * What a call cost. Times are in milliseconds (`_ms`), wall clock. Counters count every call that ran at the same time on this
 * model, and are 0 on the CPU.
 */
export interface Stats {
  /** From the call until the first batch was encoded, cross-attention keys and values included. */
  encode_ms: number;
  /** From the call until the first token of every row of the first batch was chosen: `encode_ms` and the first step. */
  time_to_first_token_ms: number;
  /** From the first token to the last one: all steps but the first. 0 if there was only one step. */
  decode_ms: number;
  /** From the call to the last token: `time_to_first_token_ms` and `decode_ms`. Attentions and hidden states come after it. */
  total_ms: number;
  /** Tokens per second of all rows together, after the first step. 0 if there was only one step. */
  decode_tokens_per_s: number;
  /** @deprecated `time_to_first_token_ms` in seconds, as the first version named it. */
  time_to_first_token_s: number;
  /** Rows that the encoder read: fewer than the input has where its states of an earlier call were taken. */
  encoded_rows: number;
  /** Generated tokens of all rows together. */
  tokens: number;
  /**
   * Where the tokens were chosen: "device": JavaScript read a few bytes per row and step; "javascript": it read the logits, V
   * floats per row, because an option needs them there. docs/generation.md says which.
   */
  chosen_on: "device" | "javascript";
  /**
   * Of sampling on the device without `top_k`: how many tokens JavaScript drew from the logits of their row, since more of them were left
   * than the device looks at.
   */
  tokens_drawn_late: number;
  /** Decoder steps whose result was read. */
  steps: number;
  /** How many steps were submitted before the first of them was read, at the end of the call. 1 without a GPU. */
  steps_in_flight: number;
  /** Kernels that were started. */
  dispatches: number;
  /** Command buffers that were handed to the GPU's queue. */
  submits: number;
  /** Reads from the device; JavaScript waits for each. */
  readbacks: number;
  /** Bytes copied from the device to JavaScript. */
  bytes: number;
  /** GPU buffers that were made. */
  buffers_created: number;
  /** Bind groups that were made. */
  bind_groups_created: number;
  /** Writes from JavaScript to a GPU buffer. */
  buffer_writes: number;
  /** Kernels that were compiled. */
  pipelines_created: number;
}

/** Of a call that runs. */
export type Clock = ReturnType<typeof startStats>;

/** @param ops counts for all devices of the model together */
export function startStats(ops: Pick<Ops, "counters" | "pace">, chosen_on: Stats["chosen_on"]) {
  const started = performance.now();
  const before = ops.counters();
  let encoded = 0;
  let encodedRows = 0;
  let first = 0;
  let last = 0;
  let steps = 0;
  let late = 0;
  return {
    encoded(this: void, rows: number) {
      encoded ||= performance.now();
      encodedRows += rows;
    },
    drawn(this: void, tokens: number) {
      late += tokens;
    },
    step() {
      last = performance.now();
      if (steps++ === 0) first = last;
    },
    end(tokens: number): Stats {
      const after = ops.counters();
      const delta = (name: keyof Counters) => after[name] - before[name];
      const perStep = tokens / Math.max(1, steps);
      return {
        encode_ms: Math.max(0, encoded - started),
        time_to_first_token_ms: first - started,
        decode_ms: last - first,
        total_ms: last - started,
        decode_tokens_per_s: steps > 1 ? (perStep * (steps - 1) * 1000) / Math.max(1e-3, last - first) : 0,
        time_to_first_token_s: (first - started) / 1000,
        encoded_rows: encodedRows,
        tokens,
        chosen_on,
        tokens_drawn_late: late,
        steps,
        steps_in_flight: ops.pace.limit,
        dispatches: delta("dispatches"),
        submits: delta("submits"),
        readbacks: delta("readbacks"),
        bytes: delta("readback_bytes"),
        buffers_created: delta("buffers_created"),
        bind_groups_created: delta("bind_groups_created"),
        buffer_writes: delta("buffer_writes"),
        pipelines_created: delta("pipelines_created"),
      };
    },
  };
}
