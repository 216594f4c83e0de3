/**
 * A server of files that misbehaves on demand and counts what it sends: what a download or a store claims is checked
 * from this side. Any page may read it (CORS), ranges are served, and every file has an ETag. For Node. The ways to misbehave are
 * in server-faults.ts.
 */

import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One request and what was answered. */
export interface Served {
  method: string;
  /** Of the folder of the server, without a slash at the front. */
  file: string;
  /** First byte asked for; undefined where the whole file was. */
  from?: number;
  status: number;
  /** Bytes of the body that were written to the connection. */
  sent: number;
}

/** What is to be sent, before a fault changes it. */
export interface Reply {
  request: IncomingMessage;
  response: ServerResponse;
  status: number;
  headers: Record<string, string | number>;
  /** The bytes asked for. */
  body: Uint8Array;
  /** Offset of the body in the file. */
  from: number;
  /** Bytes of the whole file. */
  size: number;
  /** Sends the first `count` bytes of the body after the headers; resolves when the connection has taken them. */
  send(count?: number): Promise<void>;
  /** Sends more of the body. */
  more(from: number, to: number): Promise<void>;
}

/** Answers one request in place of the server. */
export type Fault = (reply: Reply) => void | Promise<void>;

export interface FaultServer {
  /** Address of the folder, with a slash at the end. */
  readonly url: string;
  readonly files: Map<string, Uint8Array>;
  /** Applies the faults to the next requests (GET) of this file, one each; the requests after them are served well. */
  fault(file: string, ...faults: Fault[]): void;
  /** Applies the fault to every request of this file until `calm`. */
  always(file: string, fault: Fault): void;
  /** No more faults. */
  calm(): void;
  /** What was served since the last call, in order. */
  take(): Served[];
  /** Bytes of a file that were sent since the last call of `take`. */
  weigh(file: string): number;
  /** Connections that are being answered. */
  busy(): number;
  /** Waits until no request is being answered. */
  idle(): Promise<void>;
  /** While true, every connection is closed without an answer, as if there were no network. */
  offline: boolean;
  /** Answers without ETag, Last-Modified or ranges, as the simplest servers do. */
  plain: boolean;
  close(): Promise<void>;
}

const listen = async (server: Server): Promise<string> => {
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  return `http://localhost:${(server.address() as AddressInfo).port}/`;
};

export const etagOf = (data: Uint8Array): string => `"${createHash("sha1").update(data).digest("hex").slice(0, 16)}"`;

/** Resolves when the bytes were handed to the socket, or at once where the connection is gone. */
function written(response: ServerResponse, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (bytes.length === 0 || response.destroyed) return resolve();
    const done = () => {
      response.off("close", done);
      resolve();
    };
    response.once("close", done);
    response.write(bytes, done);
  });
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export async function serveFaults(given: Record<string, string | Uint8Array>): Promise<FaultServer> {
  const encode = (data: string | Uint8Array) => (typeof data === "string" ? new TextEncoder().encode(data) : data);
  const files = new Map(Object.entries(given).map(([name, data]) => [name, encode(data)]));
  const next = new Map<string, Fault[]>();
  const constant = new Map<string, Fault>();
  let log: Served[] = [];
  let busy = 0;

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const file = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname).replace(/^\//, "");
    const method = request.method ?? "GET";
    const cors = {
      "access-control-allow-origin": "*",
      "access-control-expose-headers": "ETag, Content-Range, Retry-After",
      "access-control-allow-headers": "*",
    };
    if (method === "OPTIONS") return void response.writeHead(204, cors).end();
    if (self.offline) return void request.socket.destroy();
    const data = files.get(file);
    const asked = /^bytes=(\d+)-$/.exec(request.headers.range ?? "");
    const from = asked && !self.plain ? Number(asked[1]) : 0;
    const ranged = asked !== null && !self.plain;
    const served: Served = { method, file, status: 0, sent: 0, ...(asked && { from: Number(asked[1]) }) };
    log.push(served);
    let status = data === undefined ? 404 : ranged ? 206 : 200;
    if (data && ranged && from >= data.length) status = 416;
    const ok = status === 200 || status === 206;
    const body = data && ok ? data.subarray(from) : new Uint8Array(0);
    const size = data?.length ?? 0;
    const reply: Reply = {
      request,
      response,
      status,
      headers: {
        ...cors,
        "cache-control": "no-store",
        "content-type": file.endsWith(".json") ? "application/json" : "application/octet-stream",
        "content-length": body.length,
        ...(data && !self.plain && { etag: etagOf(data), "accept-ranges": "bytes" }),
        ...(status === 206 && { "content-range": `bytes ${from}-${size - 1}/${size}` }),
        ...(status === 416 && { "content-range": `bytes */${size}` }),
      },
      body,
      from,
      size,
      async send(count = reply.body.length) {
        served.status = reply.status;
        response.writeHead(reply.status, reply.headers);
        response.flushHeaders();
        // The client has all of it with the headers, and may ask for the next file on the same connection.
        if (method === "HEAD") response.end();
        await reply.more(0, count);
      },
      async more(start, end) {
        if (method === "HEAD" || response.destroyed) return;
        const part = reply.body.subarray(start, end);
        await written(response, part);
        served.sent += part.length;
      },
    };
    const fault = method === "GET" ? (next.get(file)?.shift() ?? constant.get(file)) : constant.get(file);
    if (fault) await fault(reply);
    else {
      await reply.send();
      response.end();
    }
    served.status ||= response.statusCode;
  };

  const server = createServer((request, response) => {
    busy++;
    response.once("close", () => busy--);
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  const url = await listen(server);
  const self: FaultServer = {
    url,
    files,
    fault: (file, ...faults) => void next.set(file, faults),
    always: (file, fault) => void constant.set(file, fault),
    calm() {
      next.clear();
      constant.clear();
      self.offline = false;
      self.plain = false;
    },
    take() {
      const taken = log;
      log = [];
      return taken;
    },
    weigh: (name) => log.reduce((sum, { file, sent }) => sum + (file === name ? sent : 0), 0),
    busy: () => busy,
    async idle() {
      for (let waits = 0; busy > 0; waits++) {
        if (waits > 2000) throw new Error(`${busy} requests are still being answered.`);
        await pause(5);
      }
    },
    offline: false,
    plain: false,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return self;
}
