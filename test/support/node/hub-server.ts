/**
 * A server laid out as the Hugging Face Hub is, with its manners: `/owner/name/resolve/REVISION/FILE` on one origin; large
 * files are redirected to signed addresses on another; both allow any page (CORS); text is sent gzipped; a file that does
 * not exist is 404, a repository that does not exist or is private 401. Its API lists the files of a revision, with its
 * commit and the SHA-256 of large files. For Node.
 */

import { createHash, createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";

/** "owner/name" -> revision -> file -> contents. */
export type Repositories = Record<string, Record<string, Record<string, string | Uint8Array>>>;

export interface HubServer {
  endpoint: string;
  /** "METHOD path" and the answer's status, in order, since the start or the last call. */
  takeLog(): string[];
  /** Files in LFS of these names are sent with a wrong last byte. */
  damaged: Set<string>;
  close(): Promise<void>;
}

/** The commit that a revision of a repository is at. */
export function commitOf(repositories: Repositories, repo: string, revision: string): string {
  const hash = createHash("sha1").update(revision);
  for (const [file, data] of Object.entries(repositories[repo][revision])) hash.update(file).update(data);
  return hash.digest("hex");
}

/** The branch or tag that a branch, a tag or a commit stands for. */
function nameOf(repositories: Repositories, repo: string, revision: string): string | undefined {
  const names = Object.keys(repositories[repo]);
  return names.find((name) => name === revision || commitOf(repositories, repo, name) === revision);
}

const SECRET = "of this run";
const sign = (path: string) => createHmac("sha256", SECRET).update(path).digest("hex");

export async function serveHub(repositories: Repositories): Promise<HubServer> {
  let log: string[] = [];
  const blobs = new Map<string, Uint8Array>();
  const damaged = new Set<string>();
  const cdn = createServer((request, response) => {
    log.push(`cdn ${answerBlob(request, response, blobs)}`);
  });
  const cdnOrigin = await listen(cdn);
  const hub = createServer((request, response) => {
    const status = answerHub(request, response, repositories, (path, data) => {
      const sent = data.slice();
      if (damaged.has(path.slice(path.lastIndexOf("/") + 1))) sent[sent.length - 1] ^= 1;
      blobs.set(path, sent);
      return `${cdnOrigin}${path}?Expires=1&Signature=${sign(path)}`;
    });
    log.push(`hub ${request.url} ${status}`);
  });
  const endpoint = await listen(hub);
  return {
    endpoint,
    damaged,
    takeLog: () => {
      const taken = log;
      log = [];
      return taken;
    },
    close: async () => {
      await Promise.all([hub, cdn].map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}

function allow(request: IncomingMessage): Record<string, string> {
  return {
    "access-control-allow-origin": request.headers.origin ?? "*",
    "access-control-expose-headers": "X-Repo-Commit,X-Error-Code,X-Error-Message,ETag,Accept-Ranges,Content-Range",
    vary: "Origin",
  };
}

function answerHub(
  request: IncomingMessage,
  response: ServerResponse,
  repositories: Repositories,
  publish: (path: string, data: Uint8Array) => string,
): number {
  const headers = allow(request);
  const end = (status: number, more: Record<string, string | number> = {}, body: string | Uint8Array = "") => {
    response.writeHead(status, { ...headers, ...more }).end(body);
    return status;
  };
  const listed = /^\/api\/models\/([^/]+\/[^/]+)\/revision\/([^/?]+)\?blobs=true$/.exec(request.url ?? "");
  if (listed) {
    const [repo, revision] = listed.slice(1).map(decodeURIComponent);
    if (!repositories[repo]) return end(401);
    const name = nameOf(repositories, repo, revision);
    if (name === undefined) return end(404);
    const siblings = Object.entries(repositories[repo][name]).map(describe);
    const list = { sha: commitOf(repositories, repo, name), siblings };
    return end(200, { "content-type": "application/json" }, JSON.stringify(list));
  }
  // The revision is one segment: slashes in it stay encoded.
  const match = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/([^?]+)$/.exec(request.url ?? "");
  if (!match) return end(404);
  const [repo, asked, file] = match.slice(1).map(decodeURIComponent);
  const repository = repositories[repo];
  const revision = repository ? (nameOf(repositories, repo, asked) ?? asked) : asked;
  if (!repository) return end(401, { "x-error-code": "RepoNotFound" }, "Invalid username or password.");
  const data = repository[revision]?.[file];
  if (data === undefined) {
    return end(404, { "x-error-code": repository[revision] ? "EntryNotFound" : "RevisionNotFound" }, "Entry not found");
  }
  if (typeof data === "string") {
    const packed = gzipSync(data);
    const about = { "content-type": "text/plain; charset=utf-8", "content-encoding": "gzip" };
    return end(200, { ...about, "content-length": packed.length }, packed);
  }
  const path = `/repos/${encodeURIComponent(repo)}/${encodeURIComponent(revision)}/${file}`;
  return end(302, { location: publish(path, data), "x-linked-size": data.length });
}

/** As the API lists a file: large ones are in LFS. */
function describe([rfilename, data]: [string, string | Uint8Array]): object {
  const size = Buffer.byteLength(data);
  const blobId = createHash("sha1").update(`blob ${size}\0`).update(data).digest("hex");
  if (typeof data === "string") return { rfilename, size, blobId };
  return {
    rfilename,
    size,
    blobId,
    lfs: { size, sha256: createHash("sha256").update(data).digest("hex"), pointerSize: 1 },
  };
}

/** Files with single ranges, as object stores serve them; nothing without the signature. */
function answerBlob(request: IncomingMessage, response: ServerResponse, blobs: Map<string, Uint8Array>): string {
  const url = new URL(request.url ?? "/", "http://localhost");
  const data = blobs.get(url.pathname);
  const headers = { ...allow(request), "accept-ranges": "bytes", "content-type": "application/octet-stream" };
  if (!data || url.searchParams.get("Signature") !== sign(url.pathname)) {
    response.writeHead(403, headers).end();
    return "403";
  }
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  if (!range) {
    response.writeHead(200, { ...headers, "content-length": data.length }).end(data);
    return "200";
  }
  const start = Number(range[1]);
  const end = range[2] === "" ? data.length : Math.min(data.length, Number(range[2]) + 1);
  if (start >= end) {
    response.writeHead(416, { ...headers, "content-range": `bytes */${data.length}` }).end();
    return "416";
  }
  response
    .writeHead(206, {
      ...headers,
      "content-length": end - start,
      "content-range": `bytes ${start}-${end - 1}/${data.length}`,
    })
    .end(data.subarray(start, end));
  return "206";
}
