/** Buffers that JavaScript can read: small ones are kept for the tokens, larger ones come and go. */

import { ModelError } from "../../errors";
import type { Gpu } from "./device";

/** Every token readback fits in one of these, whatever the batch. */
const SMALL_BYTES = 1024;

export interface Staging {
  take(bytes: number): GPUBuffer;
  /** Maps the buffer once the GPU is done with it, copies its first `bytes` out and gives it back. */
  read(buffer: GPUBuffer, bytes: number): Promise<ArrayBuffer>;
}

/** @param small how many small buffers are kept */
export function createStaging(gpu: Gpu, small: number): Staging {
  const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
  const idle: GPUBuffer[] = [];
  return {
    take(bytes) {
      if (bytes > SMALL_BYTES) return gpu.createBuffer("staging", Math.ceil(bytes / 4) * 4, usage, "staging");
      return idle.pop() ?? gpu.createBuffer("staging", SMALL_BYTES, usage, "staging");
    },
    async read(buffer, bytes) {
      try {
        await buffer.mapAsync(GPUMapMode.READ, 0, bytes);
      } catch (cause) {
        // The device's own failure says more than "mapAsync was rejected"; it is known by the next task.
        await new Promise((resolve) => setTimeout(resolve, 0));
        gpu.check();
        throw new ModelError(
          "device_lost",
          `A result could not be read from the GPU: ${(cause as Error).message}.`,
          undefined,
          {
            cause,
          },
        );
      }
      gpu.check();
      const copy = buffer.getMappedRange(0, bytes).slice(0);
      buffer.unmap();
      gpu.counters.readbacks++;
      gpu.counters.readback_bytes += bytes;
      if (buffer.size === SMALL_BYTES && idle.length < small) idle.push(buffer);
      else gpu.destroyBuffer(buffer);
      return copy;
    },
  };
}
