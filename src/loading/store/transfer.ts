/** The bytes of one file in order: those in the store, then those of the server, which are put into the store as they pass. */

import { ModelError } from "../../errors";
import { onAbort } from "../../util/abort";
import { failure } from "../sources/files";
import type { Connected, Connection } from "./connection";
import type { Patience } from "./patience";
import { sizeOf, type Identity } from "./request";
import { createHasher } from "./sha256";
import type { StoredFile } from "./stored-file";

export interface Incoming extends Identity {
  path: string;
  /** The expected SHA-256, in hex. */
  sha256?: string;
  /** What is read first and appended to. */
  file?: StoredFile;
  /** Open at the end of `file`; absent where the file is complete. */
  connection?: Connection;
}

/** What a transfer needs of the folder that it is for. */
export interface Surroundings {
  connect(from: number, patience: Patience): Promise<Connected>;
  /** Does something in the store; false if that failed, after which the store is left alone. */
  keep(act: () => Promise<unknown>): Promise<boolean>;
  /** Called before the hash is compared. */
  verifying(): void;
  /** Called when a new load would read something else: the server has changed the file, or the stored one was damaged. */
  outdated(): void;
}

/**
 * @throws ModelError `network` when patience has ended or the file has changed, `integrity`; `signal.reason` once aborted
 */
export async function* transfer(
  { path, size, revision, expectedSize, sha256, file: kept, connection }: Incoming,
  patience: Patience,
  around: Surroundings,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { signal } = patience.options;
  const hasher = sha256 === undefined ? undefined : createHasher();
  const fromStore = connection === undefined;
  let file = kept;
  let source = connection;
  let at = 0;
  /** Bytes that come again, from a server that sends the file from its start. */
  let again = 0;
  let changed = false;
  const stop = () => source?.close();
  const forget = onAbort(signal, stop);

  const reconnect = async (): Promise<Connection> => {
    const answer = await around.connect(at, patience);
    const next = answer.kind === "open" ? answer.connection : undefined;
    if (next && next.from <= at && continues({ revision, size, expectedSize }, next, sha256 !== undefined)) {
      again = at - next.from;
      return next;
    }
    next?.close();
    changed = true;
    around.outdated();
    await around.keep(async () => file?.remove());
    const message = `${path}: the file has changed on the server while it was being read.`;
    throw failure("network", message, "Load the model again.");
  };
  /** The next bytes of the server; undefined at the end of the file. */
  const receive = async (): Promise<Uint8Array | undefined> => {
    for (;;) {
      try {
        source ??= await reconnect();
        const chunk = await source.read();
        signal?.throwIfAborted();
        if (chunk || size === undefined || at >= size) return chunk;
        throw failure("network", `${path}: the transfer ended after ${at} of ${size} bytes.`, "Try again.");
      } catch (error) {
        source?.close();
        source = undefined;
        signal?.throwIfAborted();
        if (changed || !(error instanceof ModelError)) throw error;
        await patience.next(error, at);
      }
    }
  };

  try {
    if (file) {
      try {
        for await (const chunk of file.read()) {
          signal?.throwIfAborted();
          hasher?.update(chunk);
          at += chunk.length;
          yield chunk;
        }
      } catch {
        signal?.throwIfAborted();
        // The browser has dropped a part of it, or all. What is missing comes from the server and is not kept.
        await around.keep(async () => file?.remove());
        file = undefined;
        source?.close();
        source = undefined;
      }
    }
    // Not reached by a file that was read from the store as a whole.
    while (!fromStore || at !== size) {
      const chunk = await receive();
      if (!chunk) break;
      const fresh = chunk.subarray(Math.min(again, chunk.length));
      again -= chunk.length - fresh.length;
      if (fresh.length === 0) continue;
      if (size !== undefined && at + fresh.length > size) {
        const message = `${path}: more than the announced ${size} bytes arrived.`;
        throw failure("network", message, "Check the connection and try again.");
      }
      if (file && !(await around.keep(() => (file as StoredFile).append(fresh)))) {
        await file.pause().catch(() => undefined);
        file = undefined;
      }
      hasher?.update(fresh);
      at += fresh.length;
      yield fresh;
    }
    if (hasher) around.verifying();
    const found = hasher?.hex();
    if (found !== sha256) {
      if (fromStore) around.outdated();
      await around.keep(async () => file?.remove());
      const message = `${path}: its SHA-256 is ${found}, not the expected ${sha256}.`;
      throw new ModelError("integrity", message, "The file is damaged or another one. It was deleted from the store.");
    }
    const complete = file;
    if (complete && (!fromStore || found)) {
      await around.keep(async () => {
        await complete.pause();
        await complete.update({ complete: true, size: at, sha256: found });
      });
    }
  } finally {
    forget();
    source?.close();
    await file?.pause().catch(() => undefined);
  }
}

/** The names that the Hub has for contents; its servers have others. */
export const isHubRevision = (revision?: string): boolean => /^(sha256|git):/.test(revision ?? "");

/** Whether the rest that comes belongs to the bytes before it. A hash at the end shows it where nothing else does. */
function continues(before: Identity, next: Identity, hashed: boolean): boolean {
  const [size, nextSize] = [sizeOf(before), sizeOf(next)];
  if (size !== undefined && nextSize !== undefined && size !== nextSize) return false;
  if (isHubRevision(before.revision) || hashed) return true;
  if (before.revision !== undefined && next.revision !== undefined) return before.revision === next.revision;
  return size !== undefined && size === nextSize;
}
