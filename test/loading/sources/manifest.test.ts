/** attendant.json: what is asked of a folder that has one, and what is compared. */

import { createHash } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openStored } from "../../../src/engine/model-files";
import { readBytes, readText } from "../../../src/loading/sources/download";
import type { ModelFiles } from "../../../src/loading/sources/files";
import { parseManifest } from "../../../src/loading/sources/manifest";
import { openSource } from "../../../src/loading/sources/source";
import { failureOf } from "../../support/node/failure";
import { serveFaults, type FaultServer } from "../../support/node/fault-server";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const hash = (data: Uint8Array): string => createHash("sha256").update(data).digest("hex");
const entry = (data: Uint8Array) => ({ size: data.length, sha256: hash(data) });
const manifestOf = (files: Record<string, Uint8Array>) =>
  bytes(
    JSON.stringify({
      format: 1,
      dtype: "q8",
      files: Object.fromEntries(Object.entries(files).map(([name, data]) => [name, entry(data)])),
    }),
  );
const CONFIG = bytes('{"model_type":"bart"}');
const WEIGHTS = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7919) % 251);

describe("a manifest", () => {
  const sha256 = "A".repeat(64);
  const wrong: [string, unknown][] = [
    ["is not a JSON object", []],
    ["format must be 1, not 2", { format: 2, files: {} }],
    ["dtype must be a string, not 8", { format: 1, dtype: 8, files: {} }],
    ["files is not an object", { format: 1 }],
    ['the size of "a" must be a number of bytes, not -1', { format: 1, files: { a: { size: -1, sha256 } } }],
    ['the size of "a" must be a number of bytes, not undefined', { format: 1, files: { a: null } }],
    ['the sha256 of "a" must be 64 digits of hex, not "ab"', { format: 1, files: { a: { size: 1, sha256: "ab" } } }],
  ];
  test.each(wrong)("is refused: %s", async (rule, value) => {
    const { code, message } = await failureOf(() => parseManifest(value));
    expect([code, message]).toEqual(["invalid_config", `attendant.json: ${rule}.`]);
  });

  test("may hold what this version does not know", () => {
    const files = { a: { size: 1, sha256, more: 1 } };
    expect(parseManifest({ format: 1, files, more: 1 })).toEqual({
      dtype: undefined,
      files: new Map([["a", { size: 1, sha256: "a".repeat(64) }]]),
    });
  });
});

const onWarning = (message: string): never => {
  throw new Error(message);
};

describe("a folder on this machine", () => {
  const open = async (files: Record<string, Uint8Array>, asked: string[] = []): Promise<ModelFiles> =>
    openStored(openSource({ read: (path) => (asked.push(path), files[path]) }), { onWarning });

  test("is asked for the files of its manifest only", async () => {
    const asked: string[] = [];
    const source = { "config.json": CONFIG, "other.json": CONFIG };
    const files = await open({ ...source, "attendant.json": manifestOf({ "config.json": CONFIG }) }, asked);
    expect(await readText(files, "config.json")).toBe('{"model_type":"bart"}');
    expect(await readBytes(files, "other.json")).toBeUndefined();
    expect(await readBytes(files, "absent.json")).toBeUndefined();
    expect(asked).toEqual(["attendant.json", "config.json"]);
    expect((await files.manifest?.())?.dtype).toBe("q8");
  });

  test("without a manifest is asked for every file", async () => {
    const asked: string[] = [];
    const files = await open({ "config.json": CONFIG }, asked);
    expect(await readText(files, "config.json")).toBe('{"model_type":"bart"}');
    expect(await readBytes(files, "absent.json")).toBeUndefined();
    expect(asked).toEqual(["attendant.json", "config.json", "absent.json"]);
    expect(await files.manifest?.()).toBeUndefined();
  });

  test("that differs from its manifest fails with both hashes", async () => {
    const files = await open({ "attendant.json": manifestOf({ "config.json": WEIGHTS }), "config.json": CONFIG });
    const { code, message } = await failureOf(() => readText(files, "config.json"));
    expect(code).toBe("integrity");
    expect(message).toBe(`config.json: its SHA-256 is ${hash(CONFIG)}, not the expected ${hash(WEIGHTS)}.`);
  });

  test("with a broken manifest is not read at all", async () => {
    const files = await open({ "attendant.json": bytes("{"), "config.json": CONFIG });
    expect((await failureOf(() => readText(files, "config.json"))).code).toBe("invalid_config");
    expect((await failureOf(() => readText(files, "config.json"))).code).toBe("invalid_config");
  });

  test("is compared with the caller's hash where there is one", async () => {
    const source = { "attendant.json": manifestOf({ "config.json": CONFIG }), "config.json": CONFIG };
    const integrity = { "config.json": hash(WEIGHTS) };
    const files = await openStored(openSource({ read: (path: string) => source[path as "config.json"] }), {
      integrity,
      onWarning,
    });
    expect((await failureOf(() => readText(files, "config.json"))).message).toContain(hash(WEIGHTS));
  });
});

describe("a folder on a server", () => {
  let server: FaultServer;
  let folders = 0;
  beforeAll(async () => {
    server = await serveFaults({});
  });
  afterEach(() => {
    server.calm();
    server.take();
  });
  afterAll(() => server.close());

  function publish(folder: string, files: Record<string, Uint8Array>): void {
    for (const [name, data] of Object.entries({ ...files, "attendant.json": manifestOf(files) }))
      server.files.set(`${folder}/${name}`, data);
  }
  const open = (folder: string): Promise<ModelFiles> =>
    openStored(openSource(server.url + folder), { onWarning, retries: 0 });
  const read = async (folder: string): Promise<ModelFiles> => {
    const files = await open(folder);
    for (const name of ["config.json", "absent.json", "model.safetensors"]) await readBytes(files, name);
    await files.ended?.();
    return files;
  };
  const brief = () =>
    server.take().map(({ method, file, status }) => `${method} ${file.replace(/.*\//, "")} ${status}`);

  test("gets no request for a file that it has not, and one in all on the second visit", async () => {
    const folder = `manifest-${folders++}`;
    publish(folder, { "config.json": CONFIG, "model.safetensors": WEIGHTS });
    await read(folder);
    expect(brief()).toEqual(["GET attendant.json 200", "GET config.json 200", "GET model.safetensors 200"]);
    await read(folder);
    expect(brief()).toEqual(["HEAD attendant.json 200"]);
    server.offline = true;
    const files = await read(folder);
    expect(await readBytes(files, "model.safetensors")).toEqual(WEIGHTS);
    server.offline = false;
  });

  test("says how large its files are without a request for each", async () => {
    const folder = `manifest-${folders++}`;
    publish(folder, { "model.safetensors": WEIGHTS });
    const files = await open(folder);
    expect(await files.facts?.("model.safetensors")).toEqual({ size: WEIGHTS.length, stored: 0 });
    expect(await files.facts?.("pytorch_model.bin")).toBeUndefined();
    expect(brief()).toEqual(["GET attendant.json 200"]);
    await read(folder);
    expect(await (await open(folder)).facts?.("model.safetensors")).toEqual({ size: 100_000, stored: 100_000 });
  });

  test("sends only what has changed", async () => {
    const folder = `manifest-${folders++}`;
    publish(folder, { "config.json": CONFIG, "model.safetensors": WEIGHTS });
    await read(folder);
    server.take();
    publish(folder, { "config.json": bytes("{}"), "model.safetensors": WEIGHTS });
    const files = await read(folder);
    expect(brief()).toEqual(["HEAD attendant.json 200", "GET attendant.json 200", "GET config.json 200"]);
    expect(await readText(files, "config.json")).toBe("{}");
  });

  test("that sends another file than its manifest says fails, and the next load reads both again", async () => {
    const folder = `manifest-${folders++}`;
    publish(folder, { "config.json": CONFIG, "model.safetensors": WEIGHTS });
    const files = await open(folder);
    for (const [other, message] of [
      ["{}", "config.json: the server has 2 bytes of it, not the expected 21."],
      ["{                   }", expect.stringContaining("not the expected") as string],
    ]) {
      server.files.set(`${folder}/config.json`, bytes(other));
      const error = await failureOf(() => readText(files, "config.json"));
      expect([error.code, error.message]).toEqual(["integrity", message]);
      await files.ended?.(error);
    }
    publish(folder, { "config.json": bytes("{}") });
    expect(await readText(files, "config.json")).toBe("{}");
  });
});
