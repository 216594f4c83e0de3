/** What loading holds in memory: never a file, nor a tensor, but a few rows. Live bytes, garbage collected at each write. */

import { describe, expect, test } from "vitest";
import { createCpuBackend } from "../../src/backends/cpu/backend";
import { readModel } from "../../src/engine/load";
import { crc32 } from "../../src/util/crc32";
import { openSource } from "../../src/loading/sources/source";
import type { Ops } from "../../src/ops/ops";
import { heldBytes } from "../support/node/garbage";
import { concat } from "../support/shared/bytes";
import { rawFile } from "../support/shared/safetensors";
import { tinyConfig, tinyFields, tinyShapes } from "../support/shared/tiny";
import { makeTorchZip, stateDictPickle } from "../support/shared/torch";

/** A device that keeps nothing, and what was live when it was written to. */
function devouring(): { ops: Ops; written: () => number; peak: () => number } {
  let written = 0;
  let peak = 0;
  const ops: Ops = {
    ...createCpuBackend(),
    create: (shape, dtype) => ({ shape, dtype }),
    write: (_, data) => {
      written += data.length;
      peak = Math.max(peak, heldBytes().arrays);
    },
  };
  return { ops, written: () => written, peak: () => peak };
}

const MIB = 2 ** 20;
const config = tinyConfig({ vocabSize: 200_000, width: 64, layers: 1 });
const shapes = tinyShapes(config);
const countOf = (shape: number[]) => shape.reduce((product, n) => product * n, 1);
/** Of the vocabulary, in float32. */
const LARGEST = 4 * 200_000 * 64;

/** Zeros in chunks of one MiB, after what comes before them and before what comes after. */
function zeros(before: Uint8Array, length: number, after = new Uint8Array(0)): ReadableStream<Uint8Array> {
  const chunk = new Uint8Array(MIB);
  let left = length;
  return new ReadableStream(
    {
      start: (controller) => controller.enqueue(before),
      pull(controller) {
        controller.enqueue(chunk.subarray(0, Math.min(left, MIB)));
        left -= Math.min(left, MIB);
        if (left > 0) return;
        controller.enqueue(after);
        controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}

function safetensors(dtype: "F32" | "F16" | "BF16"): ReadableStream<Uint8Array> {
  const header: Record<string, unknown> = {};
  let end = 0;
  for (const [name, shape] of shapes)
    header[name] = { dtype, shape, data_offsets: [end, (end += countOf(shape) * (dtype === "F32" ? 4 : 2))] };
  return zeros(rawFile(JSON.stringify(header)), end);
}

/** An archive of two storages, the vocabulary in the first. */
function torch(): ReadableStream<Uint8Array> {
  const [[vocabulary, shape], ...others] = shapes;
  let offset = 0;
  const view = (key: string, elements: number, offset: number, shape: number[]) => {
    const strides = shape.map((_, i) => countOf(shape.slice(i + 1)));
    return { key, elements, offset, shape, strides };
  };
  const rest = others.reduce((sum, [, shape]) => sum + countOf(shape), 0);
  const views = others.map(([name, shape]) => [
    name,
    view("1", rest, (offset += countOf(shape)) - countOf(shape), shape),
  ]);
  const pickle = stateDictPickle({
    [vocabulary]: view("0", countOf(shape), 0, shape),
    ...(Object.fromEntries(views) as Record<string, ReturnType<typeof view>>),
  });
  // The archive without the vocabulary's bytes, which are put in where a mark is.
  const mark = new Uint8Array(16).map((_, i) => i + 1);
  const crc = zerosChecksum(LARGEST);
  const file = makeTorchZip(pickle, { "0": mark, "1": new Uint8Array(4 * rest) }, (entries) =>
    entries.map((entry) => (entry.data === mark ? { ...entry, crc, size: LARGEST } : entry)),
  );
  const text = Buffer.from(file.buffer);
  const at = text.indexOf(mark);
  const [before, after] = [file.slice(0, at), file.slice(at + mark.length)];
  return zeros(before, LARGEST, moved(after, LARGEST - mark.length));
}

function zerosChecksum(length: number): number {
  const chunk = new Uint8Array(MIB);
  let crc = 0;
  for (let left = length; left > 0; left -= MIB) crc = crc32(chunk.subarray(0, Math.min(left, MIB)), crc);
  return crc;
}

/** The end of an archive whose directory, and all offsets but the first two, lie `by` bytes farther on. */
function moved(after: Uint8Array, by: number): Uint8Array<ArrayBuffer> {
  const copy = concat([after]);
  const view = new DataView(copy.buffer);
  const add = (at: number) => view.setUint32(at, view.getUint32(at, true) + by, true);
  let entry = 0;
  for (let at = 0; at + 4 <= copy.length; at++) {
    const signature = view.getUint32(at, true);
    if (signature === 0x02014b50 && ++entry > 3) add(at + 42);
    if (signature === 0x06064b50) add(at + 48);
    if (signature === 0x07064b50) add(at + 8);
    if (signature === 0x06054b50) add(at + 16);
  }
  return copy;
}

describe("live memory while a model with a matrix of 49 MiB loads", () => {
  test.each<[string, string, () => ReadableStream<Uint8Array>]>([
    ["model.safetensors", "float32", () => safetensors("F32")],
    ["model.safetensors", "float16", () => safetensors("F16")],
    ["model.safetensors", "bfloat16", () => safetensors("BF16")],
    ["pytorch_model.bin", "float32", torch],
  ])("%s in %s", async (file, _, open) => {
    const { ops, written, peak } = devouring();
    const read = (path: string) =>
      path === file ? open() : path === "config.json" ? JSON.stringify(fields) : undefined;
    const fields = tinyFields(config);
    const before = heldBytes().arrays;
    await (await readModel(openSource({ read }))).place(() => Promise.resolve(ops), {});
    const total = [...shapes.values()].reduce((sum, shape) => sum + countOf(shape), 0);
    expect(written()).toBeGreaterThanOrEqual(total);
    const held = peak() - before;
    console.log(
      `${file}: ${(held / MIB).toFixed(1)} MiB of array buffers, largest tensor ${(LARGEST / MIB).toFixed(1)} MiB`,
    );
    // A piece of 4 MiB, the same in float32, a chunk of the stream: less than a third of the largest tensor.
    expect(held).toBeLessThan(16 * MIB);
  });
});
