/**
 * Sources on their way to the worker. Addresses and files are sent as they are. A folder that only the page can read, such as the
 * user's own `read`, stays in the page, and the worker asks it for each file.
 */

import type { Source } from "../loading/sources/source";
import { loadPart } from "../util/part";

/** A source, and the address that relative ones begin at; or the name of a folder that the page reads. */
export type SentSource = { source: Source; base?: string } | { folder: string };

/** Opens a file of the page's folder; across a port, its stream is an iterable. */
export type OpenInPage = (path: string, signal?: AbortSignal) => Promise<unknown>;

/** The largest piece of a file that crosses the port. */
const PIECE = 4 * 2 ** 20;

export interface Sendable {
  sent: SentSource;
  /** How the worker opens files that stay here. */
  open: OpenInPage;
}

/** @throws ModelError `invalid_source` for a folder that stays here */
export async function sendable(source: Source): Promise<Sendable> {
  if (!staysInPage(source)) {
    const base = globalThis.document?.baseURI ?? globalThis.location?.href;
    return { sent: { source, base }, open: () => Promise.resolve(undefined) };
  }
  const { openSource } = await loadPart("reads your files", () => import("../loading/sources/source"));
  const files = openSource(source);
  return {
    sent: { folder: files.name },
    async open(path, signal) {
      const file = await files.open(path, signal);
      return file && { ...file, stream: pieces(file.stream) };
    },
  };
}

/** A `read` of the user's, or a directory handle that is not the browser's own and so cannot be cloned. */
function staysInPage(source: unknown): boolean {
  if (typeof source !== "object" || source === null) return false;
  if ("read" in source) return true;
  return "getFileHandle" in source && typeof source.getFileHandle === "function" && !isNativeHandle(source);
}

const isNativeHandle = (value: object): boolean =>
  typeof FileSystemDirectoryHandle === "function" && value instanceof FileSystemDirectoryHandle;

/** Copies of the bytes, since what a user's stream delivers stays the user's. */
function pieces(stream: ReadableStream<Uint8Array>): AsyncIterableIterator<Uint8Array> {
  const reader = stream.getReader();
  let rest = new Uint8Array(0);
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      if (rest.length === 0) {
        const { done, value } = await reader.read();
        // What is not bytes is refused by the reader of the file, which names it in its message.
        if (done || !(value instanceof Uint8Array)) return { done, value: value as unknown as Uint8Array };
        rest = value as Uint8Array<ArrayBuffer>;
      }
      const piece = rest.slice(0, PIECE);
      rest = rest.subarray(PIECE);
      return { done: false, value: piece };
    },
    async return() {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
}
