/** Greedy search on the device: JavaScript reads the token of each row, four bytes a step, and nothing is written. */

import { NO_TOKEN } from "../../ops/beam-state";
import { invariant } from "../../errors";
import type { Ops } from "../../ops/ops";
import type { Chains } from "../search/greedy-sampling";
import { MAX_EOS_TOKENS, type SearchConfig } from "../options/search-config";
import type { DeviceSearch } from "./decode-loop";
import type { Session } from "./session";

/** For jobs whose searches are one greedy chain. */
export function deviceGreedy(ops: Ops, session: Session, config: SearchConfig, logprobs: boolean): DeviceSearch {
  const { selection, rows } = session;
  invariant(selection, "deviceGreedy: a session of beams");
  const eos = new Uint32Array(MAX_EOS_TOKENS).fill(NO_TOKEN);
  eos.set(config.eosTokenIds);
  ops.write(selection.eos, eos);
  return {
    reads: [{ tensor: selection.token, start: 0, count: rows }],
    readAt: logprobs ? (at) => ({ tensor: selection.logprobs, start: at * rows, count: rows }) : undefined,
    start(place, job) {
      ops.write(selection.token, Uint32Array.of(config.startTokenId), place);
      ops.write(selection.position, Uint32Array.of(0), place);
      ops.write(selection.finished, Uint32Array.of(job ? 0 : 1), place);
    },
    accept(job, place, { data: [tokens], own, expired }) {
      return (job.search as Chains).accept({ token: tokens[place], logprob: own?.[place] ?? 0 }, expired);
    },
  };
}
