/**
 * Turns what the user calls "the model" (a URL, a path, a Hub repository, picked files, a function) into one thing:
 * a folder of files that can be opened by name.
 *
 * It neither reads nor checks file contents; `download.ts` and `safetensors.ts` do. A file that is not there is
 * `undefined` and not an error, because many files of a model folder are optional.
 */

import { ModelError, quote } from "../../errors";
import { failure, invalidSource, isMissing, reason, type ModelFiles, type OpenFile } from "./files";
import { openDirectory, openFiles, openNodeFolder, openReader, type CustomReader } from "./local";
import { HUB_REPO, openHub, openUrl, type HubSource } from "./remote";

/**
 * Where a model's files are: the URL or path of a folder, "owner/name" or a {@link HubSource} on the Hugging Face Hub,
 * picked files, a directory's handle, or your own {@link CustomReader}. A string is read by the first rule that fits:
 *
 * 1. with a scheme ("https://...") it is a URL; in Node "file:" is the file system;
 * 2. exactly "owner/name" is a repository on the Hub. A local folder of that form needs a leading "./";
 * 3. anything else ("/models/x", "models/en-fr/v1") is relative to the page or worker, or, in Node, a path.
 */
export type Source = string | URL | HubSource | File[] | FileList | FileSystemDirectoryHandle | CustomReader;

/**
 * Makes a folder of files out of a `source`; touches neither network nor disk yet.
 *
 * A string is read by the first rule that fits:
 * 1. it has a scheme (`https:`, `http:`, `chrome-extension:` ...): a URL; on Node `file:` is the file system;
 * 2. it is exactly `owner/name`, of letters, digits and `_ - .`, neither part with a leading dot: a repository on the
 *    Hub. A local folder of that form needs a leading `./`;
 * 3. anything else (`/models/x`, `./x`, `../x`, `models/en-fr/v1`): relative to the page or worker script
 *    (`document.baseURI`, `location.href`), or, where there is no page, a file system path on Node.
 *
 * The query of a URL (`?token=...`) goes with the request for each file; its hash is dropped.
 * Of picked files, those with a `webkitRelativePath` are named below the deepest folder common to all, others by name.
 *
 * @throws ModelError `invalid_source`
 */
export function openSource(source: Source): ModelFiles {
  const folder = resolve(source);
  return {
    name: folder.name,
    async open(path, signal) {
      checkPath(path);
      signal?.throwIfAborted();
      try {
        return await untilAborted(folder.open(path, signal), signal);
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof ModelError) throw error;
        if (isMissing(error)) return undefined;
        const message = `${path}: can't be opened in ${folder.name}: ${reason(error)}`;
        throw failure("file_not_found", message, "The file may need a permission.", error);
      }
    },
  };
}

function resolve(source: unknown): ModelFiles {
  if (typeof source === "string") return openString(source);
  if (source instanceof URL) return openAddress(source);
  if (typeof source === "object" && source !== null) {
    if ("read" in source && typeof source.read === "function") return openReader(source as CustomReader);
    if ("getFileHandle" in source) return openDirectory(source as FileSystemDirectoryHandle);
    if ("repo" in source) return openHub(source);
    if ("length" in source) return openFiles(Array.from(source as ArrayLike<unknown>));
  }
  throw invalidSource(`This ${source === null ? "null" : typeof source} is not a source that files can be read from.`);
}

function openString(text: string): ModelFiles {
  if (text === "") throw invalidSource("The source is an empty string.");
  // Two letters at least, since `C:\models` is a path.
  const scheme = /^[a-z][a-z0-9+.-]+:/i.test(text);
  if (!scheme && HUB_REPO.test(text)) return openHub({ repo: text });
  const base = pageUrl();
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

/** Undefined outside of pages and workers. */
const pageUrl = (): string | undefined => globalThis.document?.baseURI ?? globalThis.location?.href;

/** Names come from index files that anyone may have written; they must not lead out of the folder. */
function checkPath(path: string): void {
  const parts = path.split("/");
  if (/[\\?#:]|\p{Cc}/u.test(path) || parts.some((part) => part === "" || part === "." || part === "..")) {
    const hint = 'Names have no "..", leading "/", backslash, scheme or query.';
    throw failure("file_not_found", `${quote(path)} is not a plain file name below the model's folder.`, hint);
  }
}

/** Rejects with `signal.reason` even where what was called takes no notice of the signal; closes what comes too late. */
function untilAborted(opening: Promise<OpenFile | undefined>, signal?: AbortSignal): Promise<OpenFile | undefined> {
  if (!signal) return opening;
  return new Promise((resolve, reject) => {
    const abort = () => {
      reject(signal.reason);
      opening.then((file) => file?.stream.cancel(signal.reason)).catch(() => {});
    };
    signal.addEventListener("abort", abort, { once: true });
    opening.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
