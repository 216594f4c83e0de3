/** The tensors of a safetensors file on disk, for tests that write others of them. */

import { readFileSync } from "node:fs";
import type { TensorSpec } from "../shared/safetensors";

export function readTensors(path: string): Map<string, TensorSpec> {
  const file = readFileSync(path);
  const start = 8 + Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, start).toString()) as Record<
    string,
    TensorSpec & { data_offsets: number[] }
  >;
  const { __metadata__: _, ...tensors } = header;
  return new Map(
    Object.entries(tensors).map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [begin, end],
        },
      ]) => {
        return [name, { dtype, shape, data: new Uint8Array(file.subarray(start + begin, start + end)) }];
      },
    ),
  );
}
