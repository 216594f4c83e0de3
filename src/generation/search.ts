/** Greedy search over a session's step plan, one token a row a step, chosen on the device. */

import type { Ops } from "../ops";
import type { GreedyConfig } from "./config";
import { startSession, type Session } from "./session";

export interface Step {
  /** The token of each row; the pad token for rows that have ended. */
  tokens: Uint32Array;
  /** Their log-probabilities, where asked for. */
  logprobs?: Float32Array;
}

/**
 * Yields one step after another until every row has ended or `maxNewTokens` is reached. The device works on the
 * next steps while one is being read; steps past the end of the last row are thrown away.
 */
export async function* greedySearch(
  ops: Ops,
  session: Session,
  batch: { ids: number[][]; mask: number[][] },
  config: GreedyConfig & { logprobs: boolean },
  signal: AbortSignal | undefined,
  onEncoded: () => void,
): AsyncGenerator<Step, void, undefined> {
  const { rows, selection, step } = session;
  const ended = new Array<boolean>(rows).fill(false);
  const underWay: Promise<Step>[] = [];
  let submitted = 0;

  const submitStep = (): void => {
    const position = submitted++;
    const tokens = { tensor: selection.history, start: position * rows, count: rows };
    const logprobs = { tensor: selection.logprobs, start: position * rows, count: rows };
    const result = ops
      .submit([step], config.logprobs ? [tokens, logprobs] : [tokens])
      .then(([t, l]): Step => ({ tokens: t as Uint32Array, logprobs: l as Float32Array | undefined }));
    // Whoever leaves early waits for this promise in `finally`; until then a rejection is not unhandled.
    result.catch(() => undefined);
    underWay.push(result);
  };

  try {
    signal?.throwIfAborted();
    startSession(ops, session, batch, config);
    const encoded = ops.submit([session.encode]);
    encoded.then(onEncoded, () => undefined);
    for (let position = 0; position < config.maxNewTokens; position++) {
      signal?.throwIfAborted();
      while (submitted < config.maxNewTokens && underWay.length < ops.stepsInFlight) submitStep();
      const next = await underWay.shift();
      if (!next) break;
      signal?.throwIfAborted();
      yield next;
      for (let row = 0; row < rows; row++) ended[row] ||= config.eosTokenIds.includes(next.tokens[row]);
      if (ended.every(Boolean)) break;
    }
  } finally {
    await Promise.allSettled(underWay);
  }
}
