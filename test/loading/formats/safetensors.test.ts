/** The reader of safetensors: files that are right, in pieces, and what it allocates. */

import { describe, expect, test } from "vitest";
import { readSafetensors } from "../../../src/loading/formats/safetensors";
import type { OpenFile } from "../../../src/loading/sources/files";
import { allocated } from "../../support/node/allocation";
import { entry, failure, PATH, readAll } from "../../support/node/read-safetensors";
import { f32, makeSafetensors, openBytes, rawFile } from "../../support/shared/safetensors";

describe("good files", () => {
  const spec = {
    weight: f32([1, 2, 3, 4, 5, 6], [2, 3]),
    empty: f32([], [0, 4]),
    scalar: f32([7], []),
    half: { dtype: "F16", shape: [3], data: Uint8Array.of(0, 0x3c, 0, 0x40, 0, 0xc0) },
    brain: { dtype: "BF16", shape: [1], data: Uint8Array.of(0x80, 0x3f) },
    '日本 "quoted" \\ 😀': f32([8, 9]),
  };
  const file = makeSafetensors(spec, { format: "pt" });

  test.each([1, 3, 7, 64, 1 << 16])("the same tensors in chunks of %i bytes, size known or not", async (chunk) => {
    for (const size of [file.length, null]) {
      const tensors = await readAll(openBytes(file, chunk, size));
      expect(tensors.map((t) => t.name)).toEqual(Object.keys(spec));
      for (const tensor of tensors) {
        const { dtype, shape, data } = spec[tensor.name as keyof typeof spec];
        expect({ dtype: tensor.dtype, shape: tensor.shape }).toEqual({ dtype, shape });
        expect(tensor.data).toEqual(data);
        expect([tensor.file, tensor.start]).toEqual([PATH, 0]);
      }
    }
  });

  test("tensors come in file order, whatever the header's order", async () => {
    const header = `{"b":${entry(4, 8)},"z":${entry(0, 4)},"a":${entry(8, 8, [0])}}`;
    expect((await readAll(openBytes(rawFile(header, 8)))).map((t) => t.name)).toEqual(["z", "b", "a"]);
  });

  test("no tensors; empty tensors at one offset; padding and white space; hazardous names", async () => {
    expect(await readAll(openBytes(rawFile("{}")))).toEqual([]);
    expect(await readAll(openBytes(rawFile(`{"__metadata__":{}}        `)))).toEqual([]);
    expect(await readAll(openBytes(rawFile(`{"__metadata__": null }`)))).toEqual([]);
    const empties = `{"a":${entry(0, 0, [0])},"b":${entry(0, 4)},"c":${entry(0, 0, [3, 0])}}`;
    expect((await readAll(openBytes(rawFile(empties, 4)))).map((t) => t.name)).toEqual(["a", "c", "b"]);
    expect((await readAll(openBytes(rawFile(` \t\r\n{ "a" :\n${entry(0, 4)} }\r\n `, 4)))).length).toBe(1);
    const hazards = `{"__proto__":${entry(0, 4)},"constructor":${entry(4, 8)},"prototype":${entry(8, 12)}}`;
    const names = (await readAll(openBytes(rawFile(hazards, 12)))).map((t) => t.name);
    expect(names).toEqual(["__proto__", "constructor", "prototype"]);
    expect(({} as Record<string, unknown>).dtype).toBeUndefined();
  });

  test("an expected size that is wrong does no harm", async () => {
    for (const expectedSize of [0, 20, file.length, 10 * file.length])
      expect((await readAll({ ...openBytes(file, 50, null), expectedSize })).length).toBe(6);
  });
});

describe("tensors that are not wanted", () => {
  test("are passed over, and only they may have a dtype that is not loaded", async () => {
    const ids = { dtype: "C64", shape: [2], data: new Uint8Array(16) };
    const file = makeSafetensors({ a: f32([1]), position_ids: ids, b: f32([2]) });
    const names: string[] = [];
    const wanted = (name: string) => name !== "position_ids";
    const seen: string[] = [];
    const onHeader = (tensors: { name: string; dtype: string }[]) => {
      seen.push(...tensors.map(({ name, dtype }) => `${name} ${dtype}`));
      return wanted;
    };
    for await (const { name } of readSafetensors(openBytes(file, 10), PATH, { onHeader })) names.push(name);
    expect([seen, names]).toEqual([
      ["a F32", "position_ids C64", "b F32"],
      ["a", "b"],
    ]);
    expect((await failure(openBytes(file))).message).toMatch('"position_ids": dtype C64 is not supported');
  });

  test("a file that ends within one is refused", async () => {
    const file = makeSafetensors({ a: f32([1]) }).slice(0, -1);
    const reading = async () => {
      const options = { onHeader: () => () => false };
      for await (const _ of readSafetensors(openBytes(file, 10, null), PATH, options));
    };
    await expect(reading()).rejects.toThrow(/ends within it/);
  });
});

describe("streaming", () => {
  test("a large tensor comes in pieces of whole rows", async () => {
    const [rows, width] = [3000, 701];
    const values = Float32Array.from({ length: rows * width }, (_, i) => i);
    const header = `{"a":${entry(0, values.byteLength, [rows, width])}}`;
    const file = rawFile(header, new Uint8Array(values.buffer));
    let next = 0;
    const memory = new Set<ArrayBuffer>();
    let pieces = 0;
    for await (const { start, data } of readSafetensors(openBytes(file, 99_991), PATH)) {
      pieces++;
      memory.add(data.buffer);
      expect([start, data.length % (4 * width)]).toEqual([next, 0]);
      const floats = new Float32Array(data.buffer, data.byteOffset, data.length / 4);
      expect(floats.every((value, i) => value === start + i)).toBe(true);
      next += floats.length;
    }
    expect([next, pieces, memory.size]).toEqual([rows * width, 3, 1]);
  });

  const file = makeSafetensors({ a: f32([1]), b: f32([2, 3]), c: f32(Array<number>(1000).fill(4)) });

  test("a tensor is delivered before the next one is read", async () => {
    let delivered = 0;
    const stream = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          controller.enqueue(file.slice(delivered, (delivered += 4)));
          if (delivered >= file.length) controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    const reader = readSafetensors({ stream, size: file.length }, PATH);
    expect((await reader.next()).value?.name).toBe("a");
    expect(delivered).toBeLessThan(file.length - 4000);
    await reader.return();
  });

  test("leaving the loop, an abort and a broken file all cancel the stream", async () => {
    const cancelled: unknown[] = [];
    const open = (bytes: Uint8Array): OpenFile => {
      const source = {
        pull: (c: ReadableStreamDefaultController) => c.enqueue(bytes),
        cancel: () => void cancelled.push(1),
      };
      return { stream: new ReadableStream<Uint8Array>(source) };
    };
    for await (const tensor of readSafetensors(open(file), PATH)) if (tensor.name === "b") break;
    expect(cancelled.length).toBe(1);

    const abort = new AbortController();
    const seen: string[] = [];
    const reading = async () => {
      for await (const { name } of readSafetensors(open(file), PATH, { signal: abort.signal })) {
        seen.push(name);
        abort.abort("stop");
      }
    };
    await expect(reading()).rejects.toBe("stop");
    expect(seen).toEqual(["a"]);
    expect(cancelled.length).toBe(2);

    await failure(open(rawFile("[]")));
    expect(cancelled.length).toBe(3);
  });

  test("progress, and a stream that falls short of its announced size", async () => {
    const loaded: number[] = [];
    for await (const _ of readSafetensors(openBytes(file, 1000), PATH, { onProgress: (p) => loaded.push(p.loaded) }));
    expect(loaded).toEqual([0, 1000, 2000, 3000, 4000, file.length]);
    const error = await failure(openBytes(file.slice(0, -10), 1000, file.length));
    expect([error.code, error.message]).toEqual(["network", expect.stringContaining(`of ${file.length} bytes`)]);
  });
});

describe("allocation", () => {
  test("lengths that the file can't keep are never allocated", async () => {
    const liars = [rawFile("{}", 0, 100_000_000n), rawFile(`{"a":${entry(0, 4e9)}}`, 100)];
    for (const file of liars)
      for (const opened of [openBytes(file), openBytes(file, 16, null)])
        expect((await allocated(() => failure(opened))).largest).toBeLessThanOrEqual(2 * file.length);
  });

  test("a tensor of a known size is allocated once", async () => {
    const file = makeSafetensors({ a: f32(Array<number>(5000).fill(1)) });
    expect((await allocated(() => readAll(openBytes(file, 100)))).total).toBe(file.length);
  });

  test("a buffer that the host refuses is out_of_memory", async () => {
    const size = 2 ** 49;
    const header = `{"a":${entry(0, size)}}`;
    const file = rawFile(header, 4);
    const error = await failure(openBytes(file, 1 << 16, 8 + header.length + size));
    expect([error.code, error.message]).toEqual(["out_of_memory", expect.stringContaining(PATH)]);
  });
});
