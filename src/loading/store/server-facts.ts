/** What is known of the files of a folder on a server: by the Hub's list, by the folder's manifest, by the caller, and by asking the server. */

import type { ListedFiles, RemoteFolder } from "../sources/files";
import { hubFolder } from "../sources/remote";
import { fetchListing, type ListedFile, type Listing } from "./hub-listing";
import { ask, isSame } from "./request";
import type { StoredFile } from "./stored-file";
import { isHubRevision } from "./transfer";

/** What must be true of a file: what the Hub's list and the caller say of it. */
export type Expected = Partial<ListedFile>;

/** A commit can never change. */
const COMMIT = /^[0-9a-f]{40}$/;

export class ServerFacts {
  /** No server has answered; what is stored must do. */
  offline = (globalThis.navigator as Navigator | undefined)?.onLine === false;
  private listing?: Promise<Listing | undefined>;
  /** What the server says of files that are stored, asked once per load. */
  private readonly asked = new Map<string, ReturnType<typeof ask>>();

  /** @param known what the caller and the folder's manifest say, as in `StoreOptions` */
  constructor(
    private readonly remote: RemoteFolder,
    private readonly known: { integrity: ReadonlyMap<string, string>; listed: ListedFiles },
  ) {}

  /** The commit that the list of the Hub belongs to, where there is one. */
  async commit(): Promise<string | undefined> {
    return (await this.listing)?.commit;
  }

  /** What the list of the Hub and the caller say of a file; undefined if the list says that there is no such file. */
  async expected(path: string, file: StoredFile | undefined, signal?: AbortSignal): Promise<Expected | undefined> {
    const manifest = this.known.listed.get(path);
    const sha256 = this.known.integrity.get(path) ?? manifest?.sha256;
    const { hub } = this.remote;
    // Contents with a known hash have it for a name, as on the Hub.
    if (!hub && manifest) return { size: manifest.size, sha256, revision: `sha256:${sha256}` };
    // A commit never changes: neither what it has nor what it lacks.
    const settled = COMMIT.test(hub?.revision ?? "");
    if (settled && file?.journal?.missing) return undefined;
    if (!hub || (settled && file?.isComplete) || this.offline) return { sha256 };
    this.listing ??= fetchListing(hub, signal);
    const listing = await this.listing;
    if (!listing) return { sha256 };
    const listed = listing.files.get(path);
    return listed && { ...listed, sha256: sha256 ?? listed.sha256 };
  }

  ask(path: string, signal?: AbortSignal): ReturnType<typeof ask> {
    if (this.offline) return Promise.resolve("offline");
    const known = this.asked.get(path);
    if (known) return known;
    const asking = ask(this.remote.fileUrl(path), signal);
    this.asked.set(path, asking);
    return asking;
  }

  /**
   * Whether a file that is stored as a whole is the one that the server has. Without a network it must be.
   * @param before what this load has read of the file already
   */
  async isCurrent(
    path: string,
    file: StoredFile,
    expected: Expected,
    before: { revision?: string } | undefined,
    signal?: AbortSignal,
  ): Promise<boolean> {
    const { revision, sha256 } = file.journal ?? {};
    if (expected.sha256 !== undefined && expected.sha256 === sha256) return true;
    if (expected.revision !== undefined) return expected.revision === revision;
    // A file that is read twice is the same both times, in a load and when a lost device is replaced.
    if (before && before.revision === revision) return true;
    if (COMMIT.test(this.remote.hub?.revision ?? "")) return true;
    // The list of the Hub did not come this time.
    if (this.remote.hub && isHubRevision(revision)) return true;
    const said = await this.ask(path, signal);
    this.offline ||= said === "offline";
    if (said === "offline") return true;
    return typeof said === "object" && isSame(said, file.journal ?? {});
  }

  /** In the commit that the list of the Hub belongs to, where there is one, so that all files are of one commit. */
  async fileUrl(path: string): Promise<URL> {
    const { hub } = this.remote;
    const commit = await this.commit();
    if (!hub || !commit) return this.remote.fileUrl(path);
    return this.remote.fileUrl(path, hubFolder(hub.endpoint, hub.repo, commit));
  }
}
