/** Calls across a port: what comes back is what a call without one would give, and arguments stay as they were. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ModelError } from "../../src/errors";
import { HostTensor } from "../../src/tensor/host-tensor";
import { Peer } from "../../src/worker/peer";

type Call = (...args: never[]) => unknown;

describe("a peer", () => {
  let channel: MessageChannel;
  let functions: Record<string, Call>;
  let page: Peer;
  const notes: unknown[] = [];

  beforeEach(() => {
    channel = new MessageChannel();
    functions = {};
    new Peer(channel.port2, {
      functions: new Proxy({}, { get: (_, name: string) => functions[name] }),
      transfer: true,
      note: () => "note",
    });
    page = new Peer(channel.port1, { functions: {}, onNote: (note) => notes.push(note) });
    channel.port1.start();
    channel.port2.start();
  });
  afterEach(() => {
    channel.port1.close();
  });

  /** What a function on the other side gets and gives back. */
  async function through(value: unknown): Promise<unknown> {
    functions.echo = (given: unknown) => given;
    return page.call("echo", [value]);
  }
  async function thrown(error: unknown): Promise<unknown> {
    functions.fail = () => {
      throw error;
    };
    return page.call("fail", []).then(
      () => "nothing was thrown",
      (caught: unknown) => caught,
    );
  }

  it("carries plain data as it is", async () => {
    for (const value of [
      1,
      "text",
      null,
      undefined,
      3n,
      NaN,
      [1, [2]],
      { a: { b: [1n] } },
      new Map([[1, 2]]),
      new Date(7),
    ])
      expect(await through(value)).toEqual(value);
    expect(notes.at(-1)).toBe("note");
  });

  it("copies the arrays of a caller and moves those of a result", async () => {
    const given = Float32Array.of(1, 2, 3);
    const made = Float32Array.of(4, 5);
    functions.make = (got: Float32Array) => ({ sum: got[0] + got[2], made, part: made.subarray(1) });
    expect(await page.call("make", [given.subarray(0, 3)])).toEqual({
      sum: 4,
      made: Float32Array.of(4, 5),
      part: Float32Array.of(5),
    });
    expect([given.length, made.length]).toEqual([3, 0]);
  });

  it("sends no more of a buffer than the part that is meant", async () => {
    functions.size = (got: Float32Array) => got.buffer.byteLength;
    expect(await page.call("size", [new Float32Array(1000).subarray(5, 7)])).toBe(8);
  });

  it("keeps the shape of a tensor", async () => {
    const tensor = (await through(new HostTensor(Float32Array.of(1, 2, 3, 4), [2, 2]))) as HostTensor;
    expect(tensor).toBeInstanceOf(HostTensor);
    expect([tensor.shape, [...tensor.data], tensor[3]]).toEqual([[2, 2], [1, 2, 3, 4], 4]);
  });

  it("reads through the proxies of a framework", async () => {
    const watched = new Proxy([1, new Proxy({ a: 2 }, {})], {});
    expect(await through(watched)).toEqual([1, { a: 2 }]);
  });

  it("carries an error with its class, code, hint, cause and stack", async () => {
    const cause = new RangeError("inner");
    const error = new ModelError("out_of_memory", "words", "a hint", { cause });
    const caught = (await thrown(error)) as ModelError;
    expect(caught).toBeInstanceOf(ModelError);
    expect(caught).not.toBe(error);
    expect([caught.code, caught.message, caught.hint, caught.stack]).toEqual([
      "out_of_memory",
      "words",
      "a hint",
      error.stack,
    ]);
    expect(caught.cause).toBeInstanceOf(RangeError);
    expect((caught.cause as Error).message).toBe("inner");
    expect(Object.keys(caught).sort()).toEqual(["code", "hint", "name"]);
  });

  it("carries an AbortError, errors of other names and what is no error", async () => {
    const abort = (await thrown(new DOMException("over", "AbortError"))) as DOMException;
    expect([abort instanceof DOMException, abort.name, abort.message]).toEqual([true, "AbortError", "over"]);
    const own = (await thrown(Object.assign(new Error("x"), { name: "MyError" }))) as Error;
    expect([own instanceof Error, own.name]).toEqual([true, "MyError"]);
    expect(await thrown("text")).toBe("text");
    expect(await thrown(undefined)).toBe(undefined);
    expect(await thrown({ a: 1 })).toBeInstanceOf(Error);
  });

  it("throws the very object that the caller's own function threw", async () => {
    const mine = { not: "an error" };
    const error = new TypeError("mine");
    functions.ask = async (ask: () => Promise<unknown>) => ask();
    for (const value of [error, mine]) {
      const ask = () => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- a user's function may throw anything
        throw value;
      };
      await expect(page.call("ask", [ask])).rejects.toBe(value);
    }
    functions.wrap = (ask: () => Promise<unknown>) =>
      ask().catch((cause: unknown) => Promise.reject(new ModelError("network", "wrapped", undefined, { cause })));
    const wrapped = (await page
      .call("wrap", [() => Promise.reject(error)])
      .catch((caught: unknown) => caught)) as ModelError;
    expect([wrapped.code, wrapped.cause]).toEqual(["network", error]);
  });

  it("calls a function of the caller, with its own arguments and result", async () => {
    functions.map = async (values: number[], { each }: { each: (x: number) => Promise<number> }) =>
      Promise.all(values.map(each));
    expect(await page.call("map", [[1, 2], { each: async (x: number) => 10 * x }])).toEqual([10, 20]);
  });

  it("aborts by the caller's signal, with its very reason", async () => {
    functions.wait = ({ signal }: { signal: AbortSignal }) =>
      new Promise((_, reject) => {
        signal.throwIfAborted();
        signal.addEventListener("abort", () => reject(signal.reason as Error));
      });
    for (const reason of [new Error("enough"), { any: "thing" }, "text"]) {
      const controller = new AbortController();
      const call = page.call("wait", [{ signal: controller.signal }]);
      controller.abort(reason);
      await expect(call).rejects.toBe(reason);
      await expect(page.call("wait", [{ signal: controller.signal }])).rejects.toBe(reason);
    }
    const controller = new AbortController();
    const call = page.call("wait", [{ signal: controller.signal }]);
    controller.abort();
    await expect(call).rejects.toBe(controller.signal.reason);
  });

  describe("a stream", () => {
    const log: string[] = [];
    beforeEach(() => {
      log.length = 0;
      functions.count = async function* (to: number, signal?: AbortSignal) {
        try {
          for (let i = 0; i < to; i++) {
            signal?.throwIfAborted();
            log.push(`made ${i}`);
            yield { i };
          }
        } finally {
          log.push("closed");
        }
      };
    });
    const count = async (...args: unknown[]) => (await page.call("count", args)) as AsyncIterable<{ i: number }>;

    it("is read item by item: nothing is made ahead of its reader", async () => {
      const seen: number[] = [];
      for await (const { i } of await count(3)) {
        seen.push(i);
        await new Promise((resolve) => setTimeout(resolve, 5));
        expect(log).toHaveLength(seen.length);
      }
      expect(seen).toEqual([0, 1, 2]);
      expect(log.at(-1)).toBe("closed");
    });

    it("is closed when its reader leaves", async () => {
      for await (const { i } of await count(99)) if (i === 1) break;
      expect(log).toEqual(["made 0", "made 1", "closed"]);
    });

    it("ends by the signal of its call, though that has returned long ago", async () => {
      const controller = new AbortController();
      const enough = new Error("enough");
      const seen: number[] = [];
      const read = async () => {
        for await (const { i } of await count(99, controller.signal)) {
          seen.push(i);
          if (i === 2) controller.abort(enough);
        }
      };
      await expect(read()).rejects.toBe(enough);
      expect(seen).toEqual([0, 1, 2]);
      expect(log.at(-1)).toBe("closed");
    });

    it("of the caller is read from the other side, and cancelled", async () => {
      let cancelled = false;
      const bytes = new ReadableStream<number>({
        pull: (controller) => controller.enqueue(7),
        cancel: () => void (cancelled = true),
      });
      functions.take = async (items: AsyncIterable<number>, n: number) => {
        const got: number[] = [];
        for await (const item of items) if (got.push(item) === n) break;
        return got;
      };
      expect(await page.call("take", [bytes, 3])).toEqual([7, 7, 7]);
      expect(cancelled).toBe(true);
    });
  });

  it("says which argument cannot be sent, and goes on", async () => {
    const error = (await page.call("echo", [{ a: Symbol("x") }]).catch((caught: unknown) => caught)) as ModelError;
    expect([error instanceof ModelError, error.code]).toEqual([true, "invalid_input"]);
    expect(error.message).toMatch(/^An argument cannot be sent to the worker: /);
    expect(await through(5)).toBe(5);
  });

  it("rejects a call whose result cannot be sent", async () => {
    functions.bad = () => Symbol("x");
    await expect(page.call("bad", [])).rejects.toBeInstanceOf(Error);
    expect(await through(5)).toBe(5);
  });

  it("rejects running and later calls and ends streams when it is closed", async () => {
    functions.never = () => new Promise(() => undefined);
    functions.forever = async function* () {
      yield 1;
      await new Promise(() => undefined);
    };
    const stream = ((await page.call("forever", [])) as AsyncIterable<number>)[Symbol.asyncIterator]();
    await stream.next();
    const waiting = [page.call("never", []), stream.next()];
    const reason = new ModelError("disposed", "over");
    page.close(reason);
    for (const call of waiting) await expect(call).rejects.toBe(reason);
    await expect(page.call("never", [])).rejects.toBe(reason);
    expect(await stream.return?.()).toEqual({ done: true, value: undefined });
  });

  it("listens to no signal of a call any more when it is closed, whether the call sent a stream or not", async () => {
    functions.never = () => new Promise(() => undefined);
    const endless = async function* () {
      yield 1;
      await new Promise(() => undefined);
    };
    const signals = [new AbortController().signal, new AbortController().signal];
    const left = signals.map((signal) => vi.spyOn(signal, "removeEventListener"));
    const reason = new ModelError("disposed", "over");
    const waiting = [
      page.call("never", [{ signal: signals[0] }]),
      page.call("never", [endless(), { signal: signals[1] }]),
    ];
    page.close(reason);
    for (const call of waiting) await expect(call).rejects.toBe(reason);
    for (const removed of left) expect(removed).toHaveBeenCalledTimes(1);
  });
});
