/** One request for a file of a server, from its first byte or from a later one, and what the answer says about the file. */

import { ModelError } from "../../errors";
import { displayed, fromResponse, notFetched } from "../sources/remote";
import { withTimeout } from "./retries";

/** Which contents an answer has. */
export interface Identity {
  /** "etag:..." or "date:...", if the server says either. */
  revision?: string;
  /** Bytes of the whole file. */
  size?: number;
  /** As `expectedSize` of an open file. */
  expectedSize?: number;
}

/** Bytes of the whole file, if the server says how many. */
export const sizeOf = ({ size, expectedSize }: Identity): number | undefined => size ?? expectedSize;

/** Whether both are about the same contents. Without a revision on both sides nobody knows. */
export function isSame(a: Identity, b: Identity): boolean {
  const [size, other] = [sizeOf(a), sizeOf(b)];
  const sizesDiffer = size !== undefined && other !== undefined && size !== other;
  return a.revision !== undefined && a.revision === b.revision && !sizesDiffer;
}

export type Answer =
  | (Identity & {
      kind: "body";
      /** Offset of the first byte that comes. */ from: number;
      body: ReadableStream<Uint8Array>;
    })
  | { kind: "missing" }
  /** 416: the file has no such byte. */
  | { kind: "beyond" }
  /** `again`: it may be different the next time; `waitMs`: how long the server asks to wait. */
  | { kind: "failed"; error: ModelError; again: boolean; waitMs?: number; offline?: boolean };

/** Timeouts, too many requests, and what a server says of itself. */
const TEMPORARY = [408, 425, 429, 500, 502, 503, 504];

/**
 * @param from the first byte to ask for
 * @throws `signal.reason` once aborted
 */
export async function request(url: URL, path: string, from: number, signal?: AbortSignal): Promise<Answer> {
  let response: Response;
  try {
    // A range of this form needs no preflight. `If-Range` would, so what came is compared instead.
    response = await fetch(url, from > 0 ? { signal, headers: { range: `bytes=${from}-` } } : { signal });
  } catch (cause) {
    signal?.throwIfAborted();
    const offline = (globalThis.navigator as Navigator | undefined)?.onLine === false;
    return { kind: "failed", error: notFetched(path, url, cause), again: !offline, offline: true };
  }
  const { status, headers } = response;
  if (status === 416 && from > 0) {
    response.body?.cancel().catch(() => undefined);
    return { kind: "beyond" };
  }
  try {
    const file = await fromResponse(response, path, displayed(url));
    if (!file) return { kind: "missing" };
    const start = status === 206 ? startOf(headers, from) : 0;
    const whole = (length?: number): number | undefined => (length === undefined ? undefined : start + length);
    const facts = { revision: revisionOf(headers), size: whole(file.size), expectedSize: whole(file.expectedSize) };
    return { kind: "body", from: start, body: file.stream, ...facts };
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    return { kind: "failed", error, again: TEMPORARY.includes(status), waitMs: retryAfter(headers) };
  }
}

/** Milliseconds. A network that is there but carries nothing must not keep anybody from what is stored. */
const ASK_TIMEOUT = 8000;

/**
 * What a server says of a file without sending it.
 * @returns "unknown" where the server does not answer such a request, "offline" where nothing answers in time
 */
export async function ask(url: URL, signal?: AbortSignal): Promise<Identity | "missing" | "unknown" | "offline"> {
  let response: Response;
  try {
    response = await fetch(url, { method: "HEAD", signal: withTimeout(ASK_TIMEOUT, signal) });
  } catch {
    signal?.throwIfAborted();
    return "offline";
  }
  const { status, headers } = response;
  if (status === 404 || status === 410) return "missing";
  if (!response.ok || /^\s*text\/html\b/i.test(headers.get("content-type") ?? "")) return "unknown";
  const length = headers.get("content-length");
  const size = length === null || !/^\d+$/.test(length) ? undefined : Number(length);
  return { revision: revisionOf(headers), expectedSize: size };
}

/** An ETag is weak where the server may compress; as a name of the contents it is as good. */
function revisionOf(headers: Headers): string | undefined {
  const etag = headers.get("etag")?.replace(/^W\//, "");
  if (etag) return `etag:${etag}`;
  const date = headers.get("last-modified");
  return date ? `date:${date}` : undefined;
}

/** Where the bytes begin: what Content-Range says, which a page may not see from another origin. */
function startOf(headers: Headers, asked: number): number {
  const range = /^bytes (\d+)-/.exec(headers.get("content-range") ?? "");
  return range ? Number(range[1]) : asked;
}

/** Milliseconds until the time that the server names, as seconds or as a date. */
function retryAfter(headers: Headers): number | undefined {
  const text = headers.get("retry-after");
  if (text === null) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
