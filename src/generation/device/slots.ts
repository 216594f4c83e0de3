/** The slots of a session and the sentences in them. When a sentence ends, the next one may take its slot. */

import type { Ops } from "../../ops/ops";
import type { Move, Search } from "../search/search";
import { encodeSlots } from "./encode-slots";
import type { Prefill, Session } from "./session";
import type { SourceRow } from "./source";

/** A sentence that is being decoded, or that waits for a slot. */
export interface Sentence extends SourceRow {
  /** Its number in the call. */
  index: number;
  /** Of its source, in tokens or frames. */
  length: number;
  /**
   * What the decoder starts from: the start token, `decoder_input_ids`, then what is known of the output. All sentences of a call
   * have as many tokens.
   */
  prompt: readonly number[];
  search: Search;
  /** What a search in JavaScript has chosen, step by step. A new device is fed it again, see feed-again.ts. */
  moves?: Move[];
}

/** What a call asks of the loop that runs its sentences. */
export interface Control {
  signal?: AbortSignal;
  /** By `performance.now()`. */
  deadline: number;
  /** Is told how many rows the encoder has read. */
  onEncoded: (rows: number) => void;
  /** Whether the encoder's states of sound that was encoded before are taken, where they still are. */
  reusesEncoder?: boolean;
}

export interface Slots {
  /** By slot; undefined: the slot is empty. */
  readonly sentences: (Sentence | undefined)[];
  /** By slot: how many tokens its cache holds. */
  readonly fed: number[];
  /** The last encoding. Every later step needs it, so code that awaits a step awaits this, too. */
  encoded(): Promise<void>;
  /** Are enough slots empty that it pays to encode the batch again? */
  wantsRefill(waiting: number): boolean;
  /**
   * Sets all empty slots back to the end of a prompt. Where a refill pays, it first puts sentences from the front of the queue
   * into them, encodes the batch and decodes all of the prompts but their last tokens.
   * @returns the slots that were empty
   */
  refill(queue: Sentence[], control: Control): number[];
}

/** @param promptLength tokens of every prompt */
export async function createSlots(ops: Ops, session: Session, promptLength: number): Promise<Slots> {
  const { batchSize } = session;
  const prefill = promptLength > 1 ? await session.prefill(promptLength - 1) : undefined;
  const sentences = new Array<Sentence | undefined>(batchSize).fill(undefined);
  const fed = new Array<number>(batchSize).fill(0);
  const empty = (): number[] => sentences.flatMap((sentence, slot) => (sentence ? [] : [slot]));
  // A refill encodes the whole batch again, so it waits for half of the slots, or for as many as there are sentences. One
  // with prompts fills the caches of all rows from their start, so it waits for all slots.
  const wantsRefill = (waiting: number): boolean =>
    waiting > 0 && empty().length >= (prefill ? batchSize : Math.min(waiting, Math.ceil(batchSize / 2)));
  let encoded = Promise.resolve();
  return {
    sentences,
    fed,
    encoded: () => encoded,
    wantsRefill,
    refill(queue, { onEncoded, reusesEncoder }) {
      const slots = empty();
      for (const slot of slots) fed[slot] = promptLength - 1;
      if (!wantsRefill(queue.length)) return slots;
      for (const slot of slots) sentences[slot] = queue.shift();
      if (prefill) writePrompts(ops, session, prefill, sentences);
      // Not awaited: the device runs the next steps after it.
      const then = prefill ? [prefill.plan] : [];
      encoded = encodeSlots(ops, session, [...sentences], { reuses: reusesEncoder, then }).then(onEncoded);
      encoded.catch(() => undefined);
      return slots;
    },
  };
}

/** Writes the prompts to where `prefill` reads them. Rows of empty slots get that of the first sentence. */
function writePrompts(
  ops: Ops,
  { rows, width }: Session,
  { ids }: Prefill,
  sentences: readonly (Sentence | undefined)[],
): void {
  const words = new Uint32Array(rows * ids.shape[1]);
  const [first] = sentences.filter((sentence) => sentence !== undefined);
  for (let row = 0; row < rows; row++) {
    const { prompt } = sentences[Math.floor(row / width)] ?? first;
    words.set(prompt.slice(0, -1), row * ids.shape[1]);
  }
  ops.write(ids, words);
}
