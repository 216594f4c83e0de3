/** Builds safetensors files, good and bad, and in-memory streams of them. For tests only. */

import type { OpenFile } from "../../../src/loading/sources/files";

export interface TensorSpec {
  dtype: string;
  shape: number[];
  data: Uint8Array;
}

export const f32 = (values: number[], shape = [values.length]): TensorSpec => ({
  dtype: "F32",
  shape,
  data: new Uint8Array(new Float32Array(values).buffer),
});

/** A file from raw parts. `headerLength` overrides the length that is written before the header. */
export function rawFile(
  header: string | Uint8Array,
  data: Uint8Array | number = 0,
  headerLength?: bigint,
): Uint8Array<ArrayBuffer> {
  const head = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const body = typeof data === "number" ? new Uint8Array(data) : data;
  const file = new Uint8Array(8 + head.length + body.length);
  new DataView(file.buffer).setBigUint64(0, headerLength ?? BigInt(head.length), true);
  file.set(head, 8);
  file.set(body, 8 + head.length);
  return file;
}

/** A valid file with the tensors in the order given. */
export function makeSafetensors(
  tensors: Record<string, TensorSpec>,
  metadata?: Record<string, string>,
): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = metadata ? { __metadata__: metadata } : {};
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
    header[name] = { dtype, shape, data_offsets: [end, (end += data.length)] };
    parts.push(data);
  }
  return rawFile(JSON.stringify(header), new Uint8Array(parts.flatMap((part) => [...part])));
}

/** Delivers `bytes` in chunks of `chunkSize`; `size` is announced unless it is null. */
export function openBytes(bytes: Uint8Array, chunkSize = 1 << 16, size: number | null = bytes.length): OpenFile {
  let at = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, (at += chunkSize)));
    },
  });
  return size === null ? { stream } : { stream, size };
}
