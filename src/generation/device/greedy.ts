/** Greedy search on the device: JavaScript reads one token per row and step, four bytes, and writes nothing. */

import { NO_TOKEN } from "../../ops/beam-state";
import { invariant } from "../../errors";
import type { Ops } from "../../ops/ops";
import type { GreedySampling } from "../search/greedy-sampling";
import { MAX_EOS_TOKENS, type SearchConfig } from "../options/search-config";
import type { DeviceSearch } from "./decode-loop";
import { feedAgain } from "./feed-again";
import type { Session } from "./session";

/** For sentences whose search is a `GreedySampling` of one sequence. */
export function deviceGreedy(ops: Ops, session: Session, config: SearchConfig, logprobs: boolean): DeviceSearch {
  const { selection, rows } = session;
  invariant(selection, "deviceGreedy: the session was made for beams");
  const eos = new Uint32Array(MAX_EOS_TOKENS).fill(NO_TOKEN);
  eos.set(config.eosTokenIds);
  ops.write(selection.eos, eos);
  return {
    reads: [{ tensor: selection.token, start: 0, count: rows }],
    readAt: logprobs ? (at) => ({ tensor: selection.logprobs, start: at * rows, count: rows }) : undefined,
    start(slot, sentence) {
      const prompt = sentence?.prompt ?? [];
      const last = config.promptLength - 1;
      // The logits processors read the prompt after its first token as if it had been chosen.
      prompt.slice(1).forEach((token, i) => ops.write(selection.history, Uint32Array.of(token), i * rows + slot));
      ops.write(selection.token, Uint32Array.of(prompt[last] ?? config.startTokenId), slot);
      ops.write(selection.position, Uint32Array.of(last), slot);
      ops.write(selection.finished, Uint32Array.of(sentence ? 0 : 1), slot);
    },
    resume(slots, { sentences, fed }, signal) {
      const chosen = sentences.map((sentence) => sentence?.search.results()[0].choices ?? []);
      const known = slots.map((slot) => ({ slot, count: chosen[slot].length }));
      const feed = (slot: number, step: number): void => {
        const token = Uint32Array.of(chosen[slot][step].token);
        ops.write(selection.history, token, fed[slot] * rows + slot);
        ops.write(selection.token, token, slot);
        ops.write(selection.position, Uint32Array.of(++fed[slot]), slot);
      };
      return feedAgain(ops, session, known, feed, signal);
    },
    accept(sentence, slot, { data: [tokens], atPosition: logprobs, expired }) {
      const choice = { token: tokens[slot], logprob: logprobs?.[slot] ?? 0 };
      return (sentence.search as GreedySampling).accept(choice, expired);
    },
  };
}
