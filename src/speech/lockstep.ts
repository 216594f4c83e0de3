/** Runs several loops over windows side by side: the windows that they ask for at the same time are one batch. */

import type { SpeechSegment, WindowRequest, WindowResult } from "./windows";

type Loop = AsyncGenerator<WindowRequest, SpeechSegment[], WindowResult>;

/** Decodes windows as one batch: their temperature, maximal length and length of prompt are the same. */
export type Decode = (requests: readonly WindowRequest[]) => Promise<WindowResult[]>;

/**
 * @param loops are started in order, at most `width` at a time
 * @returns the segments of each loop
 */
export async function runLoops(loops: readonly Loop[], width: number, decode: Decode): Promise<SpeechSegment[][]> {
  const out = new Array<SpeechSegment[]>(loops.length);
  const active = new Map<number, WindowRequest>();
  let started = 0;
  const advance = async (index: number, result?: WindowResult): Promise<void> => {
    // A generator is given nothing at its start.
    const { done, value } = await (result ? loops[index].next(result) : loops[index].next(undefined as never));
    if (done) out[index] = value;
    else active.set(index, value);
  };
  try {
    for (;;) {
      while (active.size < width && started < loops.length) await advance(started++);
      if (active.size === 0) return out;
      const [[, first]] = active;
      const batch = [...active].filter(([, request]) => keyOf(request) === keyOf(first));
      const results = await decode(batch.map(([, request]) => request));
      for (let i = 0; i < batch.length; i++) {
        active.delete(batch[i][0]);
        await advance(batch[i][0], results[i]);
      }
    }
  } finally {
    for (const loop of loops) await loop.return([]);
  }
}

const keyOf = ({ temperature, beams, maxLength, prompt, again }: WindowRequest): string =>
  [temperature, beams, maxLength, prompt.length, again].join();
