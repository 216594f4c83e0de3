/** Bytes of a file that are read where they are needed. */

/** A file in memory or on disk. */
export interface Bytes {
  /** In bytes. */
  readonly size: number;
  /** The bytes from `start` to before `end`; fewer where the file ends before. */
  read(start: number, end: number): Promise<Uint8Array>;
}

export function bytesOf(data: ArrayBuffer | ArrayBufferView | Blob): Bytes {
  if (data instanceof Blob) {
    return {
      size: data.size,
      read: async (start, end) => new Uint8Array(await data.slice(start, end).arrayBuffer()),
    };
  }
  const all = ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
  return { size: all.length, read: async (start, end) => all.subarray(start, end) };
}
