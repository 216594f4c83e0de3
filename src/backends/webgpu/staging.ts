/** Buffers that JavaScript can read: small ones are kept for the tokens, larger ones come and go. */

import { messageOf } from "../../errors";
import { deviceLost, type Gpu } from "./device";

/** Every token readback fits in one of these, whatever the batch. */
const SMALL_BYTES = 1024;

export interface Staging {
  /** @param what is read, for messages */
  take(bytes: number, what: string): GPUBuffer;
  /**
   * Maps the buffer once the GPU is done with it, copies its first `bytes` out and gives it back.
   * @throws ModelError "device_lost" if it cannot be mapped: a result is read, or the call fails
   */
  read(buffer: GPUBuffer, bytes: number, what: string): Promise<ArrayBuffer>;
}

/** @param small how many small buffers are kept */
export function createStaging(gpu: Gpu, small: number): Staging {
  const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
  const idle: GPUBuffer[] = [];
  return {
    take(bytes, what) {
      if (bytes > SMALL_BYTES)
        return gpu.createBuffer(`read-back of ${what}`, Math.ceil(bytes / 4) * 4, usage, "staging");
      return idle.pop() ?? gpu.createBuffer("staging", SMALL_BYTES, usage, "staging");
    },
    async read(buffer, bytes, what) {
      try {
        await buffer.mapAsync(GPUMapMode.READ, 0, bytes);
        gpu.check();
      } catch (cause) {
        await gpu.allocated([buffer]).finally(() => gpu.destroyBuffer(buffer));
        const reason = messageOf(cause);
        await gpu.rejected(deviceLost(`${what} could not be read from the GPU: ${reason}`, cause), true);
      }
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
