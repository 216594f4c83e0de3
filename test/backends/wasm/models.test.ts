/** Whole models in WebAssembly at the edges: odd sizes, NaN, a large vocabulary, large batches, a memory that grows or can't. */

import { afterEach, describe, expect, test, vi } from "vitest";
import { Seq2Seq, type ForwardOutput, type Source } from "../../../src/index";
import { failureOf } from "../../support/node/failure";
import { collectGarbage } from "../../support/node/garbage";
import { difference } from "../../support/shared/difference";
import { tinyCheckpoint, type TinyConfig } from "../../support/shared/tiny";
import { random } from "../../support/shared/random";

const VOCABULARY = 250_003;

async function withModel<T>(source: Source, device: "wasm" | "cpu", use: (model: Seq2Seq) => Promise<T>): Promise<T> {
  const model = await Seq2Seq.load(source, { device });
  expect(model.device).toBe(device);
  try {
    return await use(model);
  } finally {
    await model.dispose();
  }
}

/** Rows of tokens that are neither padding nor an end. */
function rowsOf(rows: number, length: (row: number) => number, vocabSize: number): number[][] {
  const { next } = random(rows);
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: length(row) }, () => 3 + Math.floor(next() * (vocabSize - 3))),
  );
}

const outputsOf = ({ logits, encoder_last_hidden_state }: ForwardOutput) => [
  logits.data,
  encoder_last_hidden_state.data,
];

describe("models whose sizes are not multiples of four, heads of one element", () => {
  test.each<Partial<TinyConfig>>([
    { width: 6, heads: 6, vocabSize: 4 },
    { width: 10, heads: 1, vocabSize: 5, normFirst: false },
    { width: 6, heads: 2, vocabSize: 7 },
    { width: 30, heads: 2, vocabSize: 13, normFirst: false },
    { width: 66, heads: 6, vocabSize: 131 },
  ])("%j", async (config) => {
    const { vocabSize = 0 } = config;
    for (const [rows, length] of [
      [1, 1],
      [3, 5],
      [7, 13],
    ]) {
      const input_ids = rowsOf(rows, () => length, vocabSize);
      const decoder_input_ids = rowsOf(rows, () => Math.ceil(length / 2), vocabSize);
      const run = (model: Seq2Seq) => model.forward({ input_ids, decoder_input_ids });
      const [wasm, cpu] = [
        await withModel(tinyCheckpoint(config), "wasm", run),
        await withModel(tinyCheckpoint(config), "cpu", run),
      ];
      // Of a whole model: the tolerance of logits is ten times that of an operation.
      const { worst, detail } = difference(outputsOf(wasm), outputsOf(cpu));
      expect(worst, detail).toBeLessThanOrEqual(10);
      const search = (model: Seq2Seq) => model.generate(input_ids, { max_new_tokens: 6, num_beams: rows > 1 ? 2 : 1 });
      const found = await withModel(tinyCheckpoint(config), "wasm", search);
      expect(found.sequences).toEqual((await withModel(tinyCheckpoint(config), "cpu", search)).sequences);
    }
  });
});

/** A tiny checkpoint with another number in the first element of the embedding of token 7, which is scaled by 4. */
const poisoned = (value: number): Source =>
  tinyCheckpoint({}, (files) => {
    const file = files["model.safetensors"] as Uint8Array;
    const view = new DataView(file.buffer);
    const header = Number(view.getBigUint64(0, true));
    view.setFloat32(8 + header + 4 * 16 * 7, value, true);
  });

test.each([3e38, -3e38])(
  "%f in the embedding of a token overflows in the rows with it and in no other",
  async (value) => {
    const input_ids = [
      [4, 7, 5],
      [4, 6, 5],
      [5, 4, 7],
    ];
    const decoder_input_ids = [
      [1, 4],
      [1, 5],
      [1, 6],
    ];
    const run = (model: Seq2Seq) => model.forward({ input_ids, decoder_input_ids });
    const [wasm, cpu] = [await withModel(poisoned(value), "wasm", run), await withModel(poisoned(value), "cpu", run)];
    const clean = await withModel(poisoned(value), "wasm", (model) =>
      model.forward({ input_ids: [input_ids[1]], decoder_input_ids: [decoder_input_ids[1]] }),
    );
    const states = wasm.encoder_last_hidden_state.data;
    const size = states.length / 3;
    expect(states.subarray(0, size).some(Number.isNaN)).toBe(true);
    expect(states.subarray(size, 2 * size)).toEqual(clean.encoder_last_hidden_state.data);
    expect(states.subarray(2 * size).some(Number.isNaN)).toBe(true);
    outputsOf(wasm).forEach((data, i) => {
      const expected = outputsOf(cpu)[i];
      expect([...data.map((x) => Number(Number.isNaN(x)))]).toEqual([...expected.map((x) => Number(Number.isNaN(x)))]);
    });
  },
);

describe("a vocabulary of 250,003, in batches of 64, in a memory that grows", () => {
  const large = () => tinyCheckpoint({ vocabSize: VOCABULARY, width: 4, heads: 1, layers: 1 });
  const rows = rowsOf(64, (row) => 1 + (row % 9), VOCABULARY);

  test("greedy and in beams: each row's answer is the one that it gets alone, and that of the CPU", async () => {
    const options = { max_new_tokens: 3 };
    await withModel(large(), "wasm", async (model) => {
      const grow = vi.spyOn(WebAssembly.Memory.prototype, "grow");
      const before = (await model.generate(rows[5], options)).sequences;
      grow.mockClear();
      const batch = await model.generate(rows, options);
      // 64 rows of logits did not fit into what there was.
      expect(grow).toHaveBeenCalled();
      grow.mockRestore();
      expect(batch.sequences.slice(5, 6)).toEqual(before);
      for (const row of [0, 31, 63])
        expect((await model.generate(rows[row], options)).sequences).toEqual([batch.sequences[row]]);
      const beams = await model.generate(rows.slice(0, 8), { ...options, num_beams: 3 });
      await withModel(large(), "cpu", async (cpu) => {
        expect((await cpu.generate(rows.slice(0, 4), options)).sequences).toEqual(batch.sequences.slice(0, 4));
        const found = await cpu.generate(rows.slice(0, 2), { ...options, num_beams: 3 });
        expect(beams.sequences.slice(0, 2)).toEqual(found.sequences);
      });
    });
  });

  test("what does not fit into 4 GiB is refused, and the model goes on", async () => {
    await withModel(large(), "wasm", async (model) => {
      const [row] = rows;
      const before = await model.generate(row, { max_new_tokens: 2 });
      const input_ids = rowsOf(100, () => 1, VOCABULARY);
      // 100 rows of 50 logits of 250,003 elements are 5 GB.
      const decoder_input_ids = rowsOf(100, () => 50, VOCABULARY);
      const error = await failureOf(() => model.forward({ input_ids, decoder_input_ids }));
      expect(error.code).toBe("out_of_memory");
      expect(error.message).toContain("at most 4 GiB");
      expect(error.hint).toContain("dtype");
      expect((await model.generate(row, { max_new_tokens: 2 })).sequences).toEqual(before.sequences);
    });
  });
});

describe("where the browser gives no more memory", () => {
  afterEach(() => vi.restoreAllMocks());
  const refuse = () =>
    vi.spyOn(WebAssembly.Memory.prototype, "grow").mockImplementation(() => {
      throw new RangeError("Unable to grow instance memory");
    });
  const wide = () => tinyCheckpoint({ width: 512, heads: 8, vocabSize: 4096, layers: 1 });

  test("a load rejects with out_of_memory", async () => {
    refuse();
    const error = await failureOf(() => Seq2Seq.load(wide(), { device: "wasm" }));
    expect([error.code, error.message]).toEqual(["out_of_memory", expect.stringContaining("Unable to grow") as string]);
  });

  test("a call rejects with it, and later calls work", async () => {
    await withModel(wide(), "wasm", async (model) => {
      const rows = rowsOf(64, () => 40, 4096);
      const grow = refuse();
      expect((await failureOf(() => model.generate(rows, { max_new_tokens: 2 }))).code).toBe("out_of_memory");
      grow.mockRestore();
      expect((await model.generate(rows, { max_new_tokens: 2 })).sequences).toHaveLength(64);
    });
  });
});

describe("dispose", () => {
  const OriginalMemory = WebAssembly.Memory;
  afterEach(() => void (WebAssembly.Memory = OriginalMemory));

  test.each([1, 3])(
    "gives the memory back although the model is still referred to, with %i threads",
    async (threads) => {
      const made: WeakRef<WebAssembly.Memory>[] = [];
      WebAssembly.Memory = class extends OriginalMemory {
        constructor(descriptor: WebAssembly.MemoryDescriptor) {
          super(descriptor);
          if (descriptor.initial > 0) made.push(new WeakRef(this));
        }
      };
      const model = await Seq2Seq.load(tinyCheckpoint(), { device: "wasm", threads });
      await model.generate([4, 5, 6], { max_new_tokens: 4 });
      expect(made).toHaveLength(1);
      const isGone = async (turns: number): Promise<boolean> => {
        for (let turn = 0; turn < turns && made[0].deref(); turn++) {
          await new Promise((resolve) => setTimeout(resolve, 20));
          collectGarbage();
        }
        return made[0].deref() === undefined;
      };
      expect(await isGone(20)).toBe(false);
      await model.dispose();
      expect(await isGone(500)).toBe(true);
      expect((await failureOf(() => model.generate([4], {}))).code).toBe("disposed");
    },
  );
});
