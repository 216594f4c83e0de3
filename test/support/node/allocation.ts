import { vi } from "vitest";

/** Counts what is allocated by length while `run` runs. */
export async function allocated(run: () => Promise<unknown>): Promise<{ total: number; largest: number }> {
  const count = { total: 0, largest: 0 };
  const Counting = new Proxy(Uint8Array, {
    construct(target, args: unknown[], newTarget) {
      if (typeof args[0] === "number") {
        count.total += args[0];
        count.largest = Math.max(count.largest, args[0]);
      }
      return Reflect.construct(target, args, newTarget) as object;
    },
  });
  vi.stubGlobal("Uint8Array", Counting);
  try {
    await run();
  } finally {
    vi.unstubAllGlobals();
  }
  return count;
}
