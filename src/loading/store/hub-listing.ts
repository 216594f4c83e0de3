/**
 * What the Hub says of a revision of a repository, in one request before any file: its commit, and of every file the size
 * and, for large ones, the SHA-256. (huggingface_hub, `HfApi.model_info` with `files_metadata`.)
 */

import type { RemoteFolder } from "../sources/files";
import { withTimeout } from "./retries";

export interface ListedFile {
  size: number;
  /** "sha256:" or, for small files, "git:" and the hash of the blob. */
  revision: string;
  /** In hex; of large files only. */
  sha256?: string;
}

export interface Listing {
  /** 40 digits of hex. */
  commit: string;
  files: Map<string, ListedFile>;
}

/** Milliseconds; a model loads without the listing, too. */
const TIMEOUT = 10_000;

/** @returns undefined where the server has no such list, as mirrors may, or does not give it */
export async function fetchListing(
  { endpoint, repo, revision }: NonNullable<RemoteFolder["hub"]>,
  signal?: AbortSignal,
): Promise<Listing | undefined> {
  const url = `${endpoint}/api/models/${repo}/revision/${encodeURIComponent(revision)}?blobs=true`;
  try {
    const response = await fetch(url, { signal: withTimeout(TIMEOUT, signal) });
    if (response.ok) return parseListing(await response.json());
    response.body?.cancel().catch(() => undefined);
  } catch {
    signal?.throwIfAborted();
  }
  return undefined;
}

/** Undefined unless all of it is as expected: a list that is half understood would call files missing that are not. */
export function parseListing(value: unknown): Listing | undefined {
  const { sha, siblings } = (value ?? {}) as { sha?: unknown; siblings?: unknown };
  if (typeof sha !== "string" || !/^[0-9a-f]{40}$/.test(sha) || !Array.isArray(siblings)) return undefined;
  const files = new Map<string, ListedFile>();
  for (const sibling of siblings as unknown[]) {
    const { rfilename, size, blobId, lfs } = (sibling ?? {}) as Record<string, unknown>;
    const { sha256, size: lfsSize } = (lfs ?? {}) as Record<string, unknown>;
    const bytes = lfsSize ?? size;
    const hash = typeof sha256 === "string" && /^[0-9a-f]{64}$/.test(sha256) ? sha256 : undefined;
    if (typeof rfilename !== "string" || !Number.isSafeInteger(bytes) || (bytes as number) < 0) return undefined;
    if (!hash && typeof blobId !== "string") return undefined;
    files.set(rfilename, {
      size: bytes as number,
      revision: hash ? `sha256:${hash}` : `git:${String(blobId)}`,
      sha256: hash,
    });
  }
  return { commit: sha, files };
}
