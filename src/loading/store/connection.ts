/** An answer of a server whose bytes can be read one after the other, with a limit on how long none come. */

import { messageOf, ModelError } from "../../errors";
import { StallTimer, type Retries } from "./retries";
import { request, type Answer, type Identity } from "./request";

export interface Connection extends Identity {
  /** Offset of the first byte that comes. */
  from: number;
  /** The next bytes; undefined at the end. @throws ModelError `network`; `signal.reason` once aborted */
  read(): Promise<Uint8Array | undefined>;
  /** Ends it, whether all was read or not. */
  close(): void;
}

export type Connected = { kind: "open"; connection: Connection } | { kind: "missing" } | { kind: "beyond" };

/** Errors whose only cause is the connection. */
const offline = new WeakSet<ModelError>();

/** Whether no server has answered at all. */
export const isOffline = (error: unknown): boolean => error instanceof ModelError && offline.has(error);

/**
 * Asks for a file, as often as `tries` allows.
 * @param from the first byte to ask for
 * @throws ModelError `network`; `signal.reason` once aborted
 */
export async function connect(url: URL, path: string, from: number, tries: Retries): Promise<Connected> {
  const { stallTimeout, signal } = tries.options;
  const stalled = () =>
    new ModelError("network", `${path}: no byte came for ${stallTimeout / 1000} seconds.`, "Check the connection.");
  for (;;) {
    const timer = new StallTimer(stallTimeout, stalled, signal);
    let answer: Answer;
    try {
      answer = await request(url, path, from, timer.signal);
    } catch (error) {
      timer.end();
      signal?.throwIfAborted();
      if (!(error instanceof ModelError)) throw error;
      answer = { kind: "failed", error, again: true };
    }
    if (answer.kind === "body") return { kind: "open", connection: open(answer, path, timer) };
    timer.end();
    if (answer.kind !== "failed") return answer;
    if (answer.offline) offline.add(answer.error);
    if (!answer.again) throw answer.error;
    await tries.waitAfter(answer.error, from, answer.waitMs);
  }
}

function open(answer: Answer & { kind: "body" }, path: string, timer: StallTimer): Connection {
  const { from, revision, size, expectedSize } = answer;
  const reader = answer.body.getReader();
  let at = from;
  timer.pause();
  return {
    ...{ from, revision, size, expectedSize },
    async read() {
      timer.beat();
      try {
        const { value } = await reader.read();
        at += value?.length ?? 0;
        return value;
      } catch (cause) {
        if (timer.signal.aborted) throw timer.signal.reason;
        const message = `${path}: the transfer failed after ${at} bytes: ${messageOf(cause)}`;
        throw new ModelError("network", message, "Check the connection and try again.", { cause });
      } finally {
        timer.pause();
      }
    },
    close() {
      void reader.cancel().catch(() => undefined);
      timer.end();
    },
  };
}
