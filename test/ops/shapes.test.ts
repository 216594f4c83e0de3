/** What an operation is given is checked when it is recorded, on either backend by the same rules: each rule, broken. */

import { describe, expect, it } from "vitest";
import { createCpuBackend } from "../../src/backends/cpu/backend";
import { ModelError } from "../../src/errors";
import type { Ops } from "../../src/ops/ops";

type Shapes = Record<string, number[]>;

const ops: Ops = createCpuBackend();
const f32 = (...shape: number[]) => ops.create(shape, "f32", "activations");
const u32 = (...shape: number[]) => ops.create(shape, "u32", "activations");

async function record(body: () => unknown): Promise<string> {
  try {
    ops.release(await ops.record("case", body));
    return "";
  } catch (error) {
    expect(error).toBeInstanceOf(ModelError);
    return (error as ModelError).message;
  }
}

/** The whole message where there should be none, a part of it else. */
function expectMessage(actual: string, message: string): void {
  if (message) expect(actual).toContain(message);
  else expect(actual).toBe("");
}

/** The shapes that fit, with those of a case in their place. */
const cases = (right: Shapes, wrong: Record<string, Shapes>): [string, Shapes][] => [
  ["", right],
  ...Object.entries(wrong).map(([message, change]): [string, Shapes] => [message, { ...right, ...change }]),
];

describe("linear: residual, scale, norm", () => {
  const right = { x: [2, 3, 4], w: [5, 4], bias: [5], norm: [2, 4], residual: [2, 3, 5] };
  it.each(
    cases(right, {
      "w has shape (5, 3)": { w: [5, 3] },
      "bias has shape (4)": { bias: [4] },
      "norm has shape (2, 5)": { norm: [2, 5] },
      "residual has shape (2, 3, 4)": { residual: [2, 3, 4] },
    }),
  )("%j", async (message, { x, w, bias, norm, residual }) => {
    const options = { bias: f32(...bias), norm: { weights: f32(...norm), eps: 1 }, scale: 2 };
    const asResidual = await record(() => ops.linear(f32(...x), f32(...w), { ...options, residual: f32(...residual) }));
    expectMessage(asResidual, message);
  });
});

describe("linear: gated", () => {
  const x = f32(2, 3, 4);
  const options = { bias: f32(6), gated: true };

  it("takes two halves, and has as many columns as one", async () => {
    expect(await record(() => ops.linear(x, f32(6, 4), options))).toBe("");
    expect(await record(() => ops.linear(x, f32(5, 4), { ...options, bias: f32(5) }))).toContain("not two halves");
    const { outputs } = await ops.record("gated", () => ops.linear(x, f32(6, 4), options));
    expect(outputs.shape).toEqual([2, 3, 3]);
  });

  it.each([{ residual: f32(2, 3, 3) }, { scale: 2 }])("neither residual nor scale: %j", async (more) => {
    const message = await record(() => ops.linear(x, f32(6, 4), { ...options, ...more }));
    expect(message).toContain("with a residual or a scale");
  });
});

describe("embed: positions, offset, pad token", () => {
  it.each(
    cases(
      { ids: [2, 3], table: [7, 4], positions: [9, 4], offset: [2], norm: [2, 4] },
      {
        "norm has shape (2, 5)": { norm: [2, 5] },
        "positions has shape (9, 5)": { positions: [9, 5] },
        "offset has shape (3)": { offset: [3] },
        "ids has shape (2, 3, 1)": { ids: [2, 3, 1] },
      },
    ),
  )("%j", async (message, { ids, table, positions, offset, norm: gains }) => {
    const norm = { weights: f32(...gains), eps: 1e-5 };
    const options = { scale: 1, norm, positions: f32(...positions), offset: u32(...offset), padTokenId: 1 };
    expectMessage(await record(() => ops.embed(u32(...ids), f32(...table), options)), message);
  });

  it("an offset without positions", async () => {
    expect(await record(() => ops.embed(u32(1, 1), f32(2, 2), { scale: 1 }))).toBe("");
    for (const option of [{ offset: u32(1) }, { padTokenId: 0 }]) {
      const message = await record(() => ops.embed(u32(1, 1), f32(2, 2), { scale: 1, ...option }));
      expect(message).toContain("without positions");
    }
  });
});

describe("attention: groups, bias by distance, ancestors", () => {
  it.each(
    cases(
      { query: [6, 2, 8], cache: [2, 5, 16], mask: [2, 5], table: [3, 4], buckets: [7], causal: [6] },
      {
        "6 rows of the query are not a multiple of the 4": { cache: [4, 5, 16] },
        "cache has shape (2, 5, 8)": { cache: [2, 5, 8] },
        "mask has shape (6, 5)": { mask: [6, 5] },
        "width 10 is not a multiple of 4 heads": { query: [6, 2, 10], cache: [2, 5, 20] },
        "positionBias.table has shape (3, 2)": { table: [3, 2] },
        "positionBias.buckets has an even length": { buckets: [6] },
        "causalFrom has shape (2)": { causal: [2] },
      },
    ),
  )("%j", async (message, { query, cache, mask, table, buckets, causal }) => {
    const positionBias = { table: f32(...table), buckets: u32(...buckets) };
    const options = { heads: 4, mask: u32(...mask), causalFrom: u32(...causal), positionBias };
    for (const op of ["attention", "attentionWeights"] as const) {
      expectMessage(await record(() => ops[op](f32(...query), f32(...cache), options)), message);
    }
  });

  it.each(
    cases(
      { query: [6, 1, 8], cache: [6, 5, 16], ancestors: [2, 5, 6] },
      {
        "ancestors has shape (2, 6, 5)": { ancestors: [2, 6, 5] },
        "ancestors need causalFrom, one query and no groups": { query: [6, 2, 8] },
        "one query and no groups": { cache: [3, 5, 16] },
      },
    ),
  )("ancestors %j", async (message, { query, cache, ancestors }) => {
    const options = { heads: 4, ancestors: u32(...ancestors) };
    const causalFrom = u32(6);
    expectMessage(await record(() => ops.attention(f32(...query), f32(...cache), { ...options, causalFrom })), message);
    const without = await record(() => ops.attention(f32(...query), f32(...cache), options));
    expect(without).toContain(message || "ancestors need causalFrom");
  });
});
