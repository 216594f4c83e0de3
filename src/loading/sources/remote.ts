/** Model folders on a server: at a URL, or on the Hugging Face Hub. */

import { messageOf, quote, type ModelError } from "../../errors";
import { failure, invalidSource, type ModelFiles, type OpenFile, type RemoteFolder } from "./files";

/** A repository on the Hugging Face Hub. */
export interface HubSource {
  /** "owner/name", or "name" for the old ones without an owner. */
  repo: string;
  /** A branch, tag, commit, or a pull request such as "refs/pr/1". Default "main". */
  revision?: string;
  /** The address of a mirror of the Hub. Default "https://huggingface.co". */
  endpoint?: string | URL;
}

const HUB = "https://huggingface.co";
/** "owner/name" */
export const HUB_REPO = /^[\w-][\w.-]*\/[\w-][\w.-]*$/;

/**
 * A repository on the Hugging Face Hub, or on a mirror of it.
 * @throws ModelError `invalid_source` for a repository, revision or endpoint that cannot be one
 */
export function openHub(source: { [Key in keyof HubSource]: unknown }): ModelFiles {
  const { repo } = source;
  const revision = source.revision ?? "main";
  const endpoint = source.endpoint ?? HUB;
  // Some old repositories have no owner, such as "t5-small".
  if (typeof repo !== "string" || !HUB_REPO.test(repo.includes("/") ? repo : `owner/${repo}`))
    throw invalidSource(`${quote(repo)} is not the name of a repository, such as "owner/name".`);
  if (typeof revision !== "string" || revision === "" || /\p{Surrogate}/u.test(revision))
    throw invalidSource(`${quote(revision)} is not a revision. Pass a branch, a tag or a commit.`);
  const hub = typeof endpoint === "string" || endpoint instanceof URL ? String(endpoint).replace(/\/+$/, "") : "";
  if (!/^https?:\/\/[^?#]+$/i.test(hub) || !URL.canParse(hub))
    throw invalidSource(`${quote(endpoint)} is not the address of a mirror of the Hub.`);
  return openUrl(hubFolder(hub, repo, revision), { endpoint: hub, repo, revision });
}

/** Where the files of a revision are. */
export const hubFolder = (endpoint: string, repo: string, revision: string): URL =>
  new URL(`${endpoint}/${repo}/resolve/${encodeURIComponent(revision)}/`);

/**
 * A folder at a URL. The query of the URL is sent with the request for each file.
 * @param hub set for a repository on the Hub
 * @throws ModelError `invalid_source` for a URL that can have nothing below it, such as "data:"
 */
export function openUrl(folder: URL, hub?: RemoteFolder["hub"]): ModelFiles {
  const base = new URL(folder);
  base.hash = "";
  try {
    new URL("config.json", base);
  } catch (cause) {
    throw invalidSource(`${displayed(base)} cannot be a folder: a ${base.protocol} URL has no files below it.`, cause);
  }
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  const fileUrl = (path: string, folder = base): URL => below(folder, path);
  return {
    name: displayed(base),
    // Files of an extension, say, are on this machine already.
    remote: /^https?:$/.test(base.protocol) ? { url: base, fileUrl, hub } : undefined,
    open: (path, signal) => fetchFile(fileUrl(path), path, signal),
  };
}

/** The address of a file below a folder, with the query of the folder. */
export function below(base: URL, path: string): URL {
  const url = new URL(path.split("/").map(encodeURIComponent).join("/"), base);
  url.search = base.search;
  return url;
}

/** Without credentials and query: error messages end up in logs. */
export function displayed(url: URL): string {
  return url.href.replace(/[?#].*$/, "").replace(/\/\/[^/@]*@/, "//");
}

async function fetchFile(url: URL, path: string, signal?: AbortSignal): Promise<OpenFile | undefined> {
  let response: Response;
  try {
    response = await fetch(url, { signal });
  } catch (cause) {
    signal?.throwIfAborted();
    // For a missing file of an extension there is no status 404: the fetch fails.
    if (url.protocol.endsWith("-extension:")) return undefined;
    throw notFetched(path, url, cause);
  }
  return fromResponse(response, path, displayed(url));
}

export function notFetched(path: string, url: URL, cause: unknown): ModelError {
  const hint = "Check the address and the connection. A server of another origin must send CORS headers for this page.";
  return failure("network", `${path}: ${displayed(url)} could not be fetched: ${messageOf(cause)}`, hint, cause);
}

/**
 * Content-Length counts the bytes as sent, so it is not the length of a body with a Content-Encoding. A page cannot see that
 * header of another origin (it can see Content-Length), so there the length is only good for a progress bar.
 */
export async function fromResponse(response: Response, path: string, url: string): Promise<OpenFile | undefined> {
  const { status, headers } = response;
  // Servers of single-page applications answer with 200 and index.html for files that do not exist.
  const isPage = /^\s*text\/html\b/i.test(headers.get("content-type") ?? "") && !/\.html?$/i.test(path);
  const missing = status === 404 || status === 410 || (response.ok && isPage);
  if (missing || !response.ok) {
    response.body?.cancel().catch(() => {});
    if (missing) return undefined;
    // The Hub answers 401 for repositories that do not exist.
    const denied = status === 401 || status === 403;
    const hint = denied ? "The model does not exist, or is private or gated." : "Try again later.";
    throw failure("network", `${path}: ${url} answered ${status} ${response.statusText}`.trimEnd(), hint);
  }
  const stream = response.body ?? new Blob().stream();
  const length = headers.get("content-length") ?? "";
  const encoding = headers.get("content-encoding") ?? "identity";
  if (!/^\d+$/.test(length) || encoding.toLowerCase() !== "identity") return { stream };
  return response.type === "cors" ? { stream, expectedSize: Number(length) } : { stream, size: Number(length) };
}
