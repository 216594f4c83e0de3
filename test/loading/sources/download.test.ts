import { describe, expect, test } from "vitest";
import { readBytes, readChunks, readJson, readText } from "../../../src/loading/sources/download";
import type { DownloadProgress, ReadOptions } from "../../../src/loading/sources/download";
import { openSource } from "../../../src/loading/sources/source";
import type { ModelFiles, OpenFile } from "../../../src/loading/sources/files";
import { failureOf } from "../../support/node/failure";
import { openBytes } from "../../support/shared/safetensors";

const encode = (text: string) => new TextEncoder().encode(text);
const one = (open: () => OpenFile): ModelFiles => ({
  name: "memory",
  open: async (path) => (path === "missing" ? undefined : open()),
});
const json = (content: string | Uint8Array, options?: ReadOptions) =>
  readJson(openSource({ read: () => content }), "config.json", options);

const failure = (result: Promise<unknown>) => failureOf(() => result);

describe("readBytes", () => {
  const content = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);

  test.each([1, 7, 999, 1000, 5000])("joins chunks of %i bytes, size known or not", async (chunk) => {
    expect(
      await readBytes(
        one(() => openBytes(content, chunk)),
        "x",
      ),
    ).toEqual(content);
    expect(
      await readBytes(
        one(() => openBytes(content, chunk, null)),
        "x",
      ),
    ).toEqual(content);
  });

  test("an empty file is not a missing file", async () => {
    expect(
      await readBytes(
        one(() => openBytes(new Uint8Array(0))),
        "x",
      ),
    ).toEqual(new Uint8Array(0));
    expect(
      await readBytes(
        one(() => openBytes(content)),
        "missing",
      ),
    ).toBeUndefined();
  });

  test("progress names the file, never falls and ends at the total", async () => {
    const seen: DownloadProgress[] = [];
    await readBytes(
      one(() => openBytes(content, 300)),
      "vocab.json",
      { onProgress: (p) => seen.push(p) },
    );
    expect(seen.map((p) => p.loaded)).toEqual([0, 300, 600, 900, 1000]);
    for (const p of seen) expect(p).toMatchObject({ phase: "download", file: "vocab.json", total: 1000 });
  });

  test("the total is open where the size is, and dropped once an expected size proves wrong", async () => {
    const totals = async (file: OpenFile) => {
      const seen: (number | undefined)[] = [];
      await readBytes(
        one(() => file),
        "x",
        { onProgress: (p) => seen.push(p.total) },
      );
      return seen;
    };
    expect(await totals(openBytes(content, 500, null))).toEqual([undefined, undefined, undefined]);
    expect(await totals({ ...openBytes(content, 500, null), expectedSize: 600 })).toEqual([600, 600, undefined]);
  });

  test.each([
    [999, "more than the announced 999 bytes arrived"],
    [1001, "ended after 1000 of 1001 bytes"],
  ])("a stream of 1000 bytes announced as %i", async (size, message) => {
    const error = await failure(
      readBytes(
        one(() => openBytes(content, 100, size)),
        "x.json",
      ),
    );
    expect([error.code, error.message]).toEqual(["network", expect.stringContaining(message)]);
    expect(error.message).toContain("x.json");
  });

  test("a stream that fails midway", async () => {
    const cause = new Error("socket hang up");
    let pulls = 0;
    const stream = new ReadableStream<Uint8Array>({
      pull: (c) => (pulls++ < 2 ? c.enqueue(new Uint8Array(50)) : c.error(cause)),
    });
    const error = await failure(
      readBytes(
        one(() => ({ stream })),
        "x.json",
      ),
    );
    expect([error.code, error.cause]).toEqual(["network", cause]);
    expect(error.message).toBe("x.json: the transfer failed after 100 bytes: socket hang up");
  });

  test("the size limit holds whether the size is announced or not, and stops the stream", async () => {
    for (const size of [undefined, 1e9]) {
      let sent = 0;
      let cancelled = false;
      const pull = (c: ReadableStreamDefaultController) => c.enqueue(new Uint8Array((sent += 100) && 100));
      const stream = new ReadableStream<Uint8Array>({ pull, cancel: () => void (cancelled = true) });
      const error = await failure(
        readBytes(
          one(() => ({ stream, size })),
          "x",
          { maxBytes: 1000 },
        ),
      );
      expect([error.code, error.message]).toEqual([
        "invalid_config",
        "x: is over the limit of 1000 bytes for such a file.",
      ]);
      expect(cancelled).toBe(true);
      expect(sent).toBeLessThan(1500);
    }
    expect(
      (
        await readBytes(
          one(() => openBytes(content)),
          "x",
          { maxBytes: 1000 },
        )
      )?.length,
    ).toBe(1000);
  });

  test("an abort ends a read that waits for ever, and cancels the stream", async () => {
    let cancelled: unknown;
    const stream = new ReadableStream<Uint8Array>({
      pull: () => new Promise(() => {}),
      cancel: (reason) => void (cancelled = reason),
    });
    const abort = new AbortController();
    const reading = readBytes(
      one(() => ({ stream })),
      "x",
      { signal: abort.signal },
    );
    setTimeout(() => abort.abort("enough"), 10);
    await expect(reading).rejects.toBe("enough");
    expect(cancelled).toBe("enough");
  });

  test("a signal that is aborted before, and one in the middle", async () => {
    const reason = new Error("stop");
    await expect(
      readBytes(
        one(() => openBytes(content)),
        "x",
        { signal: AbortSignal.abort(reason) },
      ),
    ).rejects.toBe(reason);
    const abort = new AbortController();
    const onProgress = ({ loaded }: DownloadProgress) => void (loaded >= 500 && abort.abort(reason));
    const options = { signal: abort.signal, onProgress };
    await expect(
      readBytes(
        one(() => openBytes(content, 100)),
        "x",
        options,
      ),
    ).rejects.toBe(reason);
  });

  test("what onProgress throws is passed on and the stream is cancelled", async () => {
    let cancelled = false;
    const stream = new ReadableStream<Uint8Array>({ cancel: () => void (cancelled = true) });
    const onProgress = () => {
      throw new RangeError("mine");
    };
    await expect(
      readBytes(
        one(() => ({ stream })),
        "x",
        { onProgress },
      ),
    ).rejects.toThrow(RangeError);
    expect(cancelled).toBe(true);
  });

  test("streams that are locked or hold no bytes", async () => {
    const strings = new ReadableStream<string>({
      start: (c) => c.enqueue("text"),
    }) as unknown as ReadableStream<Uint8Array>;
    expect(
      (
        await failure(
          readBytes(
            one(() => ({ stream: strings })),
            "x",
          ),
        )
      ).code,
    ).toBe("invalid_source");
    const locked = openBytes(content);
    locked.stream.getReader();
    expect(
      (
        await failure(
          readBytes(
            one(() => locked),
            "x",
          ),
        )
      ).code,
    ).toBe("invalid_source");
  });

  test("leaving a loop over the chunks cancels the stream", async () => {
    let cancelled = false;
    const stream = new ReadableStream<Uint8Array>({
      pull: (c) => c.enqueue(content),
      cancel: () => void (cancelled = true),
    });
    for await (const chunk of readChunks({ stream }, "x")) {
      expect(chunk.length).toBe(1000);
      break;
    }
    expect(cancelled).toBe(true);
  });
});

describe("readJson and readText", () => {
  test("values, a byte order mark, a missing file", async () => {
    expect(await json('{"d_model":512,"name":"é😀"}')).toEqual({ d_model: 512, name: "é😀" });
    expect(await json("\ufeff[1]")).toEqual([1]);
    expect(await json("null")).toBeNull();
    expect(
      await readJson(
        one(() => openBytes(encode("1"))),
        "missing",
      ),
    ).toBeUndefined();
    expect(
      await readText(
        one(() => openBytes(encode("a b\nc d"), 2)),
        "merges.txt",
      ),
    ).toBe("a b\nc d");
  });

  test.each([
    ["", "the file is empty"],
    [" \n", "the file is empty"],
    ['{"a":1,}', /position 7|property name/],
    ['{"a": NaN,}', /position|property name/],
    ['{"a": nan}', /token|JSON/],
    ["<!doctype html>", "<"],
    ['{"a":1', /position 6|end of JSON|Expected/],
  ])("%j is not JSON", async (content, reason) => {
    const error = await failure(json(content));
    expect([error.code, error.message]).toEqual([
      "invalid_config",
      expect.stringContaining("config.json: is not valid JSON: "),
    ]);
    expect(error.message).toMatch(reason);
  });

  test("numbers as Python writes them", async () => {
    const words = '{"a": NaN, "b": [Infinity, -Infinity], "c": "NaN \\" Infinity", "d": {"__float__": "NaN"}}';
    expect(await json(words)).toEqual({ a: NaN, b: [Infinity, -Infinity], c: 'NaN " Infinity', d: NaN });
    expect(await json('{"a": {"__float__": "Infinity"}, "b": {"__float__": "x"}}')).toEqual({
      a: Infinity,
      b: { __float__: "x" },
    });
  });

  test("bytes that are not UTF-8, under the code of the caller", async () => {
    const bytes = Uint8Array.of(0x22, 0xff, 0x22);
    expect(await failure(json(bytes))).toMatchObject({
      code: "invalid_config",
      message: "config.json: is not valid UTF-8.",
    });
    expect((await failure(json(bytes, { errorCode: "invalid_tokenizer" }))).code).toBe("invalid_tokenizer");
    expect((await failure(json("{", { errorCode: "invalid_tokenizer" }))).code).toBe("invalid_tokenizer");
    expect((await failure(json("[1]", { maxBytes: 2, errorCode: "invalid_tokenizer" }))).code).toBe(
      "invalid_tokenizer",
    );
  });

  test("a __proto__ key touches no prototype", async () => {
    await json('{"__proto__":{"polluted":true}}');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});
