/**
 * Makes a folder of files, which can be opened by name, of any source: a URL, a path, a Hub repository, picked files, a
 * directory handle, or a function.
 *
 * It does not read file contents. A missing file is `undefined` and not an error, because many files of a model are optional.
 */

import { messageOf, ModelError, quote } from "../../errors";
import { onAbort, untilAborted } from "../../util/abort";
import { failure, invalidSource, isMissing, type ModelFiles, type OpenFile } from "./files";
import { isNodeFolder, openDirectory, openFiles, openNodeFolder, openReader, type CustomReader } from "./local";
import { HUB_REPO, openHub, openUrl, type HubSource } from "./remote";

/**
 * Where a model's files are: the URL or path of a folder, "owner/name" or a {@link HubSource} on the Hugging Face Hub,
 * picked files, a directory's handle, or your own {@link CustomReader}. A string is read by the first rule that fits:
 *
 * 1. with a scheme ("https://...") it is a URL; in Node "file:" is the file system;
 * 2. exactly "owner/name" is a repository on the Hub, unless in Node there is a folder of that name: then it is that folder;
 * 3. anything else ("/models/x", "models/en-fr/v1") is relative to the page or worker, or, in Node, a path.
 */
export type Source = string | URL | HubSource | File[] | FileList | FileSystemDirectoryHandle | CustomReader;

/**
 * Makes a folder of files of a source, without access to network or disk yet. {@link Source} has the rules for a string.
 *
 * The query of a URL (`?token=...`) is sent with the request for each file; its hash is dropped. Picked files with a
 * `webkitRelativePath` get their path below the deepest common folder, others their name.
 *
 * @param base the address that relative ones begin at; a worker gets that of its page
 * @throws ModelError `invalid_source`
 */
export function openSource(source: Source, base = pageUrl()): ModelFiles {
  return checked(resolve(source, base));
}

/** The same folder, which refuses paths that lead out of it and stops waiting when a signal says so. */
export function checked(folder: ModelFiles): ModelFiles {
  return {
    ...folder,
    async open(path, signal) {
      checkPath(path);
      signal?.throwIfAborted();
      try {
        return await opened(folder.open(path, signal), signal);
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof ModelError) throw error;
        if (isMissing(error)) return undefined;
        const message = `${path}: can't be opened in ${folder.name}: ${messageOf(error)}`;
        throw failure("file_not_found", message, "Check the permissions of the file.", error);
      }
    },
    facts:
      folder.facts &&
      (async (path, signal) => {
        checkPath(path);
        try {
          return await folder.facts?.(path, signal);
        } catch (error) {
          if (isMissing(error)) return undefined;
          throw error;
        }
      }),
  };
}

function resolve(source: unknown, base?: string): ModelFiles {
  if (typeof source === "string") return openString(source, base);
  if (source instanceof URL) return openAddress(source);
  if (typeof source === "object" && source !== null) {
    if ("read" in source && typeof source.read === "function") return openReader(source as CustomReader);
    if ("getFileHandle" in source) return openDirectory(source as FileSystemDirectoryHandle);
    if ("repo" in source) return openHub(source);
    if ("length" in source) return openFiles(Array.from(source as ArrayLike<unknown>));
  }
  throw invalidSource(`A value of type ${source === null ? "null" : typeof source} is not a source of model files.`);
}

function openString(text: string, base?: string): ModelFiles {
  if (text === "") throw invalidSource("The source is an empty string.");
  // At least two letters, because `C:\models` is a path.
  const scheme = /^[a-z][a-z0-9+.-]+:/i.test(text);
  if (!scheme && HUB_REPO.test(text) && !(base === undefined && isNodeFolder(text))) return openHub({ repo: text });
  if (!scheme && base === undefined) return openNodeFolder(text);
  let url: URL;
  try {
    url = new URL(text, base);
  } catch (cause) {
    throw invalidSource(`"${text}" is not a URL${scheme ? "" : ` below ${base}`}.`, cause);
  }
  return openAddress(url);
}

function openAddress(url: URL): ModelFiles {
  return url.protocol === "file:" && pageUrl() === undefined ? openNodeFolder(url) : openUrl(url);
}

/** Address of the page or worker; undefined elsewhere. */
const pageUrl = (): string | undefined => globalThis.document?.baseURI ?? globalThis.location?.href;

/** Names may come from an index file of anyone, so they must not lead out of the folder. */
function checkPath(path: string): void {
  const parts = path.split("/");
  if (/[\\?#:]|\p{Cc}/u.test(path) || parts.some((part) => part === "" || part === "." || part === "..")) {
    const hint = 'A file name may not have "..", a leading "/", a backslash, a scheme or a query.';
    throw failure("file_not_found", `${quote(path)} is not a plain file name below the model's folder.`, hint);
  }
}

/** Rejects with `signal.reason` even if `opening` ignores the signal. A file that opens too late is closed. */
function opened(opening: Promise<OpenFile | undefined>, signal?: AbortSignal): Promise<OpenFile | undefined> {
  const close = () => void opening.then((file) => file?.stream.cancel(signal?.reason)).catch(() => {});
  const forget = onAbort(signal, close);
  return untilAborted(opening, signal).finally(forget);
}
