/** The bytes of one file in order: those in the store, then those of the server, which are put into the store as they pass. */

import { ModelError } from "../../errors";
import { onAbort } from "../../util/abort";
import { failure } from "../sources/files";
import type { Connected, Connection } from "./connection";
import type { Retries } from "./retries";
import { sizeOf, type Identity } from "./request";
import { createHasher, wrongHash, type Hasher } from "./sha256";
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
export interface TransferHooks {
  connect(from: number, tries: Retries): Promise<Connected>;
  /** Does something in the store; false if that failed, after which the store is left alone. */
  keep(act: () => Promise<unknown>): Promise<boolean>;
  /** Called before the hash is compared. */
  verifying(): void;
  /** Called when a new load would read something else: the server has changed the file, or the stored one was damaged. */
  outdated(): void;
}

export class Transfer {
  /** What is read first, and appended to; undefined once the store has failed. */
  private file?: StoredFile;
  private connection?: Connection;
  private readonly hasher?: Hasher;
  /** Bytes delivered so far. */
  private at = 0;
  /** Bytes that come again, from a server that sends the file from its start. */
  private again = 0;
  private changed = false;

  constructor(
    private readonly incoming: Incoming,
    private readonly tries: Retries,
    private readonly hooks: TransferHooks,
  ) {
    this.file = incoming.file;
    this.connection = incoming.connection;
    if (incoming.sha256 !== undefined) this.hasher = createHasher();
  }

  /**
   * To be called once.
   * @throws ModelError `network` when there were enough tries or the file has changed, `integrity`; `signal.reason` once aborted
   */
  async *bytes(): AsyncGenerator<Uint8Array, void, undefined> {
    const forget = onAbort(this.signal, () => this.connection?.close());
    try {
      yield* this.stored();
      yield* this.received();
      await this.finish();
    } finally {
      forget();
      this.disconnect();
      await this.file?.pause().catch(() => undefined);
    }
  }

  private async *stored(): AsyncGenerator<Uint8Array, void, undefined> {
    const { file } = this;
    if (!file) return;
    try {
      for await (const chunk of file.read()) {
        this.signal?.throwIfAborted();
        yield this.counted(chunk);
      }
    } catch {
      this.signal?.throwIfAborted();
      // The browser has dropped a part of it, or all. What is missing comes from the server and is not kept.
      await this.hooks.keep(() => file.remove());
      this.file = undefined;
      this.disconnect();
    }
  }

  private async *received(): AsyncGenerator<Uint8Array, void, undefined> {
    const { path, size, connection } = this.incoming;
    // A file that was complete in the store needs nothing of the server, unless a part of it is gone.
    while (connection || this.at !== size) {
      const chunk = await this.receive();
      if (!chunk) return;
      const fresh = chunk.subarray(Math.min(this.again, chunk.length));
      this.again -= chunk.length - fresh.length;
      if (fresh.length === 0) continue;
      if (size !== undefined && this.at + fresh.length > size) {
        const message = `${path}: more than the announced ${size} bytes arrived.`;
        throw failure("network", message, "Check the connection and try again.");
      }
      const { file } = this;
      if (file && !(await this.hooks.keep(() => file.append(fresh)))) {
        await file.pause().catch(() => undefined);
        this.file = undefined;
      }
      yield this.counted(fresh);
    }
  }

  private counted(chunk: Uint8Array): Uint8Array {
    this.hasher?.update(chunk);
    this.at += chunk.length;
    return chunk;
  }

  /** The next bytes of the server; undefined at the end of the file. */
  private async receive(): Promise<Uint8Array | undefined> {
    const { path, size } = this.incoming;
    for (;;) {
      try {
        this.connection ??= await this.reconnect();
        const chunk = await this.connection.read();
        this.signal?.throwIfAborted();
        if (chunk || size === undefined || this.at >= size) return chunk;
        throw failure("network", `${path}: the transfer ended after ${this.at} of ${size} bytes.`, "Try again.");
      } catch (error) {
        this.disconnect();
        this.signal?.throwIfAborted();
        if (this.changed || !(error instanceof ModelError)) throw error;
        await this.tries.waitAfter(error, this.at);
      }
    }
  }

  private async reconnect(): Promise<Connection> {
    const answer = await this.hooks.connect(this.at, this.tries);
    const next = answer.kind === "open" ? answer.connection : undefined;
    if (next && next.from <= this.at && continues(this.incoming, next)) {
      this.again = this.at - next.from;
      return next;
    }
    next?.close();
    this.changed = true;
    this.hooks.outdated();
    await this.hooks.keep(async () => this.file?.remove());
    const message = `${this.incoming.path}: the file has changed on the server while it was being read.`;
    throw failure("network", message, "Load the model again.");
  }

  private get signal(): AbortSignal | undefined {
    return this.tries.options.signal;
  }

  private disconnect(): void {
    this.connection?.close();
    this.connection = undefined;
  }

  /** After the last byte: compares the hash, and writes down that the stored file is complete. */
  private async finish(): Promise<void> {
    const { file } = this;
    const { path, sha256, connection } = this.incoming;
    if (this.hasher) this.hooks.verifying();
    const found = this.hasher?.hex();
    if (found !== sha256) {
      if (!connection) this.hooks.outdated();
      await this.hooks.keep(async () => file?.remove());
      throw wrongHash(path, found, sha256, "The file is damaged or another one. It was deleted from the store.");
    }
    // What was complete before needs no note, unless its hash is new.
    if (!file || !(connection || found)) return;
    await this.hooks.keep(async () => {
      await file.pause();
      await file.update({ complete: true, size: this.at, sha256: found });
    });
  }
}

/** The names that the Hub has for contents; its servers have others. */
export const isHubRevision = (revision?: string): boolean => /^(sha256|git):/.test(revision ?? "");

/** Whether the rest that comes belongs to the bytes before it. A hash at the end shows it where nothing else does. */
function continues(before: Incoming, next: Identity): boolean {
  const [size, nextSize] = [sizeOf(before), sizeOf(next)];
  if (size !== undefined && nextSize !== undefined && size !== nextSize) return false;
  if (isHubRevision(before.revision) || before.sha256 !== undefined) return true;
  if (before.revision !== undefined && next.revision !== undefined) return before.revision === next.revision;
  return size !== undefined && size === nextSize;
}
