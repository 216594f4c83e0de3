/**
 * A folder on a server, behind the store: what is stored and still the same on the server is read from the store, the rest
 * from the server, and kept as it comes. A transfer that breaks goes on at the byte where it broke, in this load or in a
 * later one.
 */

import { ModelError } from "../../errors";
import { failure } from "../sources/files";
import type { FileFacts, ListedFiles, ModelFiles, OpenFile, RemoteFolder } from "../sources/files";
import { chooseShelf, type Choice } from "./choose-shelf";
import { connect, isOffline, type Connection } from "./connection";
import { takeLock, type Release } from "./lock";
import { Retries } from "./retries";
import { isSame, sizeOf, type Identity } from "./request";
import { ServerFacts, type Expected } from "./server-facts";
import { nameOf } from "./sha256";
import { StoredFile } from "./stored-file";
import { touchModel } from "./models";
import { streamOf } from "./stream";
import { Transfer, type Incoming } from "./transfer";
import { Writer } from "./writer";

export interface StoreOptions {
  /** Whether files are kept. */
  cache: boolean;
  retries: number;
  /** Milliseconds. */
  stallTimeout: number;
  /** SHA-256 in hex by file. */
  integrity: ReadonlyMap<string, string>;
  /** What the folder's manifest lists; empty before it was read, and in a folder without one. */
  listed: ListedFiles;
  onWarning(message: string): void;
  /** Called when all bytes of a file have come whose hash is compared now. */
  onVerify(file: string): void;
}

/** Milliseconds that a load that has ended waits for another tab, before it leaves a note to that one. */
const LOCK_WAIT = 1000;
/** Errors that a damaged file may cause. */
const DAMAGE = ["invalid_weights", "invalid_config", "invalid_tokenizer", "missing_tensor", "wrong_shape", "integrity"];

/**
 * The same folder behind the store, or, without `options.cache`, with retries alone.
 * @param remote where the folder is on its server
 */
export async function openStoredFolder(
  folder: ModelFiles,
  remote: RemoteFolder,
  options: StoreOptions,
): Promise<ModelFiles> {
  const choice = options.cache ? await chooseShelf() : undefined;
  // Node has no such storage, and nobody expects it there.
  if (choice?.reason !== undefined && (globalThis.location as Location | undefined)) {
    const life = globalThis.document ? "until this page is closed" : "as long as this worker lives";
    options.onWarning(`load: the files are kept in memory only, ${life}. ${choice.reason}`);
  }
  const stored = new StoredFolder(folder.name, remote, options, choice);
  return {
    name: folder.name,
    remote,
    open: (path, signal) => stored.open(path, signal),
    facts: (path, signal) => stored.facts(path, signal),
    ended: (error) => stored.ended(error),
  };
}

/** A file that is being opened. */
interface Opening {
  path: string;
  /** What is in the store of it; undefined without a store. */
  file?: StoredFile;
  expected: Expected;
  tries: Retries;
  /** Gives the lock of the file back. */
  release: Release;
}

class StoredFolder {
  private readonly root: string;
  private readonly server: ServerFacts;
  private readonly writer: Writer;
  /** Files of this load: where they came from, and which contents they had. */
  private readonly used = new Map<string, { from: "store" | "server"; revision?: string }>();
  /** Files that the server does not have, which is not written down yet. */
  private readonly missing = new Set<string>();
  private outdated = false;
  private touched = false;

  constructor(
    private readonly name: string,
    private readonly remote: RemoteFolder,
    private readonly options: StoreOptions,
    private readonly choice?: Choice,
  ) {
    this.root = nameOf(remote.url.href);
    this.server = new ServerFacts(remote, options);
    // That memory does not last was said already.
    this.writer = new Writer((message) => options.onWarning(message), choice?.shelf.place === "memory");
  }

  async open(path: string, signal?: AbortSignal): Promise<OpenFile | undefined> {
    const { stallTimeout, retries } = this.options;
    const tries = new Retries({ stallTimeout, retries, signal });
    const release = await this.lock(path, signal);
    try {
      const file = await this.find(path);
      const expected = await this.server.expected(path, file, signal);
      if (expected) {
        const opening = { path, file, expected, tries, release };
        if (file?.isComplete && (await this.isCurrent(path, file, expected, signal)))
          return this.openStored(opening, file);
        const opened = await this.openRemote(opening);
        if (opened) return opened;
      }
      if (file && !file.journal?.missing) this.missing.add(path);
      release();
      return undefined;
    } catch (error) {
      release();
      throw error;
    }
  }

  async facts(path: string, signal?: AbortSignal): Promise<FileFacts | undefined> {
    const file = await this.find(path);
    const expected = await this.server.expected(path, file, signal);
    if (!expected) return undefined;
    if (file?.isComplete && (await this.isCurrent(path, file, expected, signal)))
      return { size: file.length, stored: file.length };
    const said = expected.size === undefined ? await this.server.ask(path, signal) : undefined;
    if (said === "missing" || (said === "offline" && file?.journal?.missing)) return undefined;
    if (said === "unknown") return { stored: 0 };
    const identity = typeof said === "object" ? said : undefined;
    const size = expected.size ?? (identity && sizeOf(identity));
    const same = file && (expected.revision ?? identity?.revision) === file.journal?.revision;
    return { size, stored: same && file.journal?.revision !== undefined ? file.length : 0 };
  }

  async ended(error?: unknown): Promise<boolean> {
    if (error === undefined) await this.keepMissing();
    const again = this.outdated;
    this.outdated = false;
    const suspects = error instanceof ModelError && DAMAGE.includes(error.code) ? [...this.used] : [];
    if (error !== undefined) this.used.clear();
    let fromStore = false;
    for (const [path, { from }] of suspects) {
      const file = await this.find(path);
      // What has the right hash is not damaged, whatever else is wrong with it.
      if (!file?.journal || file.journal.sha256 !== undefined) continue;
      fromStore ||= from === "store";
      await this.writer.guard(path, () => file.remove());
    }
    return again || fromStore;
  }

  /** Only of a model that loads: it is a file each, and a page without a network needs it to load the model again. */
  private async keepMissing(): Promise<void> {
    const paths = [...this.missing];
    this.missing.clear();
    const keep = async (path: string): Promise<void> => {
      // Where another tab is at this file, it will write the same.
      const release = await this.lock(path, AbortSignal.timeout(LOCK_WAIT)).catch(() => undefined);
      if (!release) return;
      try {
        const file = await this.find(path);
        if (file && !file.journal?.missing)
          await this.writer.guard(path, () => file.begin({ complete: false, missing: true }));
      } finally {
        release();
      }
    };
    await Promise.all(paths.map(keep));
  }

  /** Held by whoever reads from the server and writes a file of the store. */
  private async lock(path: string, signal?: AbortSignal): Promise<Release> {
    return this.choice ? takeLock(`attendant: ${this.root}/${path}`, signal) : () => undefined;
  }

  /** What is in the store of this file; undefined without a store, or where it does not work. */
  private async find(path: string): Promise<StoredFile | undefined> {
    const { choice } = this;
    if (!choice) return undefined;
    const folder = `${this.root}/files/${encodeURIComponent(path)}`;
    let file: StoredFile | undefined;
    await this.writer.guard(path, async () => (file = await StoredFile.find(choice.shelf, folder, path)));
    return file;
  }

  private isCurrent(path: string, file: StoredFile, expected: Expected, signal?: AbortSignal): Promise<boolean> {
    return this.server.isCurrent(path, file, expected, this.used.get(path), signal);
  }

  /** All of it from the store. */
  private openStored({ path, expected, tries, release }: Opening, file: StoredFile): OpenFile {
    release();
    const { revision, sha256: known } = file.journal ?? {};
    this.used.set(path, { from: "store", revision });
    void this.touch();
    // A hash that was compared when the file was stored is not computed again.
    const sha256 = expected.sha256 === known ? undefined : expected.sha256;
    return this.deliver({ path, size: file.length, revision, sha256, file }, tries, () => undefined);
  }

  /** From the server, after what is in the store already; undefined if the server has no such file. */
  private async openRemote(opening: Opening): Promise<OpenFile | undefined> {
    const { path, file, expected, tries, release } = opening;
    const { journal } = file ?? {};
    const revision = expected.revision ?? journal?.revision;
    // Without a revision nobody knows whether the rest belongs to the same file.
    const resumes = journal?.revision !== undefined && journal.revision === revision && !file?.isComplete;
    if (this.server.offline && journal?.missing) return undefined;
    let from = resumes ? (file?.length ?? 0) : 0;
    for (;;) {
      const url = await this.server.fileUrl(path);
      const answer = await connect(url, path, from, tries).catch((error: unknown) => {
        if (!isOffline(error) || !journal?.missing) throw error;
        this.server.offline = true;
        return { kind: "missing" as const };
      });
      if (answer.kind === "missing") return undefined;
      if (answer.kind === "open") {
        const { connection } = answer;
        const identity = {
          revision: expected.revision ?? connection.revision,
          size: expected.size ?? connection.size,
          expectedSize: connection.expectedSize,
        };
        if (from === 0 || connection.from === 0) return this.openFromStart(opening, identity, connection);
        if (connection.from === from && isSame(identity, journal ?? {})) {
          this.used.set(path, { from: "server", revision: identity.revision });
          return this.deliver({ path, ...identity, sha256: expected.sha256, file, connection }, tries, release);
        }
        connection.close();
      } else if (
        file &&
        from === journal?.expectedSize &&
        (await this.isCurrent(path, file, expected, tries.options.signal))
      ) {
        // All bytes had come when the page was closed, and only the note of it was missing.
        await this.writer.guard(path, () => file.update({ complete: true, size: from }));
        return this.openStored(opening, file);
      }
      // The server has another file by now, or one that is shorter.
      from = 0;
    }
  }

  /** All of it from the server. What is in the store is replaced. */
  private async openFromStart(opening: Opening, identity: Identity, connection: Connection): Promise<OpenFile> {
    const { path, file, expected, tries, release } = opening;
    const { sha256, size } = expected;
    if (size !== undefined && connection.size !== undefined && connection.size !== size) {
      connection.close();
      throw failure("integrity", `${path}: the server has ${connection.size} bytes of it, not the expected ${size}.`);
    }
    const before = this.used.get(path)?.revision;
    if (before !== undefined && identity.revision !== undefined && before !== identity.revision) {
      connection.close();
      this.outdated = true;
      throw failure(
        "network",
        `${path}: the file has changed on the server since it was read.`,
        "Load the model again.",
      );
    }
    this.used.set(path, { from: "server", revision: identity.revision });
    const begun = file && (await this.writer.guard(path, () => file.begin({ ...identity, complete: false })));
    const kept = begun ? file : undefined;
    if (kept) await this.touch();
    return this.deliver({ path, ...identity, sha256, file: kept, connection }, tries, release);
  }

  private deliver(incoming: Incoming, tries: Retries, release: Release): OpenFile {
    const { path, size, expectedSize } = incoming;
    const bytes = (signal: AbortSignal) =>
      new Transfer(incoming, new Retries({ ...tries.options, signal }), {
        connect: async (from, retries) => connect(await this.server.fileUrl(path), path, from, retries),
        keep: (act) => this.writer.guard(path, act),
        verifying: () => this.options.onVerify(path),
        outdated: () => void (this.outdated = true),
      }).bytes();
    return { stream: streamOf(bytes, tries.options.signal, release), size, expectedSize };
  }

  private async touch(): Promise<void> {
    const { choice } = this;
    if (!choice || this.touched) return;
    this.touched = true;
    const commit = await this.server.commit();
    await touchModel(choice.shelf, this.root, { name: this.name, hub: this.remote.hub, commit }).catch(() => undefined);
  }
}
