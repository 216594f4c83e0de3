/**
 * The one memory that all tensors and kernels share: who has which bytes of it. Free bytes are a list of ranges by address;
 * the first that is large enough is taken, and neighbours grow together again.
 *
 * A WebAssembly memory grows in place and never shrinks; the browser frees it as a whole once nothing refers to it.
 */

import { messageOf, ModelError } from "../../errors";

/** Of a page of WebAssembly. */
const PAGE = 65_536;
/** 4 GiB: addresses have 32 bits. */
const MOST_PAGES = 65_536;
/** Grows by this many pages at least: arrays over a memory that grew have to be made anew. */
const STEP = 256;
/** Addresses and sizes are multiples of it. */
const ALIGNMENT = 16;

interface Range {
  from: number;
  to: number;
}

export class Space {
  memory: WebAssembly.Memory;
  /** Bytes for a single kernel, at an address that holds until the next call. */
  readonly scratch = this.area();
  // Address 0 stands for a tensor that is absent.
  private readonly free: Range[] = [{ from: ALIGNMENT, to: STEP * PAGE }];

  /** @param shared whether other threads see it, too */
  constructor(readonly shared = false) {
    this.memory = new WebAssembly.Memory({ initial: STEP, maximum: MOST_PAGES, shared });
  }

  /** Lets go of the memory: what refers to this space, such as a tensor of a model that was disposed of, does not hold it. */
  release(): void {
    this.memory = new WebAssembly.Memory({ initial: 0 });
    this.free.length = 0;
  }

  /**
   * The address of so many bytes; what they hold is whatever was there.
   * @throws ModelError `out_of_memory`
   */
  take(bytes: number): number {
    const size = Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);
    const index = this.free.findIndex(({ from, to }) => to - from >= size);
    if (index < 0) {
      this.grow(size);
      return this.take(bytes);
    }
    const range = this.free[index];
    const at = range.from;
    range.from += size;
    if (range.from === range.to) this.free.splice(index, 1);
    return at;
  }

  /** Gives back what `take` gave for as many bytes. */
  give(at: number, bytes: number): void {
    this.insert(at, at + Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT));
  }

  /** An area that grows to the most bytes that were asked of it: what it returns holds until it is called again. */
  area(): (bytes: number) => number {
    let at = 0;
    let size = 0;
    return (bytes) => {
      if (bytes <= size) return at;
      if (size > 0) this.give(at, size);
      size = 0;
      at = this.take(bytes);
      size = bytes;
      return at;
    };
  }

  private insert(from: number, to: number): void {
    let index = 0;
    while (index < this.free.length && this.free[index].from < from) index++;
    const before = this.free[index - 1] as Range | undefined;
    const after = this.free[index] as Range | undefined;
    if (before?.to === from) {
      before.to = to;
      if (after?.from !== to) return;
      before.to = after.to;
      this.free.splice(index, 1);
    } else if (after?.from === to) {
      after.from = from;
    } else {
      this.free.splice(index, 0, { from, to });
    }
  }

  private grow(bytes: number): void {
    const end = this.memory.buffer.byteLength;
    const last = this.free.at(-1);
    const missing = bytes - (last?.to === end ? last.to - last.from : 0);
    const needed = Math.ceil(missing / PAGE);
    const room = MOST_PAGES - end / PAGE;
    try {
      if (needed > room) throw new RangeError("A WebAssembly memory has at most 4 GiB.");
      const pages = Math.min(room, Math.max(needed, STEP));
      try {
        this.memory.grow(pages);
      } catch (error) {
        if (pages === needed) throw error;
        this.memory.grow(needed);
      }
    } catch (cause) {
      const reason = messageOf(cause);
      throw new ModelError(
        "out_of_memory",
        `The WebAssembly memory holds ${end} bytes and can't grow by ${needed * PAGE}: ${reason}`,
        'Load with a smaller dtype, such as "q8", or close other pages.',
        { cause },
      );
    }
    this.insert(end, this.memory.buffer.byteLength);
  }
}

/** Addresses of parts of `space.scratch`, one after another. */
export function parts(space: Space, ...bytes: number[]): number[] {
  const sizes = bytes.map((n) => Math.ceil(n / 16) * 16);
  let next = space.scratch(sizes.reduce((sum, n) => sum + n, 0));
  return sizes.map((n) => (next += n) - n);
}
