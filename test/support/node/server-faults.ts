/** The ways in which the server of fault-server.ts misbehaves. */

import { gzipSync } from "node:zlib";
import { pause, type Fault, type Reply } from "./fault-server";

/** A client may drop what it has not read yet when the connection is reset, so it gets the time to read. */
async function reset({ response }: Reply, readingMs = 400): Promise<void> {
  await pause(readingMs);
  response.destroy();
}

/** An error status, with no body but a word. */
export const status =
  (code: number, headers: Record<string, string> = {}): Fault =>
  async (reply) => {
    reply.status = code;
    reply.body = new TextEncoder().encode(`status ${code}`);
    reply.headers = { ...reply.headers, "content-type": "text/plain", "content-length": reply.body.length, ...headers };
    delete reply.headers.etag;
    await reply.send();
    reply.response.end();
  };

/** The connection is reset after this part of the body, 0 to 1. At 0 even the headers are missing. */
export const resetAt =
  (part: number, readingMs?: number): Fault =>
  async (reply) => {
    if (part > 0) await reply.send(Math.floor(reply.body.length * part));
    await reset(reply, readingMs);
  };

/** The connection is reset when this many bytes of the file were sent, by whatever requests. */
export const resetAtByte =
  (byte: number): Fault =>
  async (reply) => {
    await reply.send(Math.max(0, byte - reply.from));
    await reset(reply);
  };

/** The connection stays open and nothing more comes. */
export const stallAt =
  (part: number): Fault =>
  async (reply) => {
    await reply.send(Math.floor(reply.body.length * part));
  };

/** A few bytes at a time, never fast, never silent. */
export const trickle =
  (pieces: number, pauseMs: number): Fault =>
  async (reply) => {
    const step = Math.ceil(reply.body.length / pieces);
    await reply.send(0);
    for (let at = 0; at < reply.body.length && !reply.response.closed; at += step) {
      await reply.more(at, at + step);
      await pause(pauseMs);
    }
    reply.response.end();
  };

/** The file is at another address. */
export const redirect =
  (to: (reply: Reply) => string): Fault =>
  async (reply) => {
    reply.status = 302;
    reply.body = new Uint8Array(0);
    reply.headers.location = to(reply);
    reply.headers["content-length"] = 0;
    await reply.send();
    reply.response.end();
  };

/** The answer with other headers. */
export const withHeaders =
  (change: (headers: Record<string, string | number>, reply: Reply) => void): Fault =>
  async (reply) => {
    change(reply.headers, reply);
    await reply.send();
    reply.response.end();
  };

/** Compressed on the way, as servers do with text. */
export const gzipped: Fault = async (reply) => {
  reply.body = gzipSync(reply.body);
  reply.headers["content-encoding"] = "gzip";
  reply.headers["content-length"] = reply.body.length;
  await reply.send();
  reply.response.end();
};

/** A page in place of the file, as servers of single-page applications answer. */
export const html =
  (type = "text/html"): Fault =>
  async (reply) => {
    reply.status = 200;
    reply.body = new TextEncoder().encode("<!doctype html><title>not a model</title><p>Please log in.</p>".repeat(9));
    reply.headers["content-type"] = type;
    reply.headers["content-length"] = reply.body.length;
    await reply.send();
    reply.response.end();
  };

/** Sent without a length, whole or cut off, and ended as if that were all. */
export const unannounced =
  (part = 1): Fault =>
  async (reply) => {
    delete reply.headers["content-length"];
    await reply.send(Math.floor(reply.body.length * part));
    reply.response.end();
  };

/** More bytes than the file has, with a length that says so. */
export const longer =
  (by: number): Fault =>
  async (reply) => {
    const body = new Uint8Array(reply.body.length + by);
    body.set(reply.body);
    reply.body = body;
    reply.headers["content-length"] = body.length;
    await reply.send();
    reply.response.end();
  };

/** The whole file, whatever range was asked for. */
export const ignoringRange =
  (files: Map<string, Uint8Array>, file: string): Fault =>
  async (reply) => {
    const data = files.get(file) as Uint8Array;
    reply.status = 200;
    reply.body = data;
    reply.headers["content-length"] = data.length;
    delete reply.headers["content-range"];
    await reply.send();
    reply.response.end();
  };
