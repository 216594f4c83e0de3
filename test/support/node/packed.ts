/** Folders packed in memory. For Node. */

import { createHash } from "node:crypto";
import { packFolder, type PackedFolder } from "../../../src/cli/pack-folder";
import { openSource, type Source } from "../../../src/loading/sources/source";
import type { WeightFormat } from "../../../src/tensor/weight-format";

export interface PackedInMemory extends PackedFolder {
  contents: Map<string, Uint8Array>;
  warnings: string[];
}

/** @param shardBytes as `attendant pack` has it; small, to have several files */
export async function packInMemory(
  source: Source,
  format: WeightFormat,
  shardBytes = 2 ** 30,
): Promise<PackedInMemory> {
  const contents = new Map<string, Uint8Array>();
  const warnings: string[] = [];
  const write = async (file: string, bytes: Uint8Array, position: number): Promise<void> => {
    const before = contents.get(file) ?? new Uint8Array();
    const grown = new Uint8Array(Math.max(before.length, position + bytes.length));
    grown.set(before);
    grown.set(bytes, position);
    contents.set(file, grown);
  };
  const finish = async (file: string) => {
    const bytes = contents.get(file) as Uint8Array;
    return { size: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
  };
  const onWarning = (message: string): void => void warnings.push(message);
  const packed = await packFolder(openSource(source), { write, finish }, { format, shardBytes, onWarning });
  return { ...packed, contents, warnings };
}

export const sourceOf = ({ contents }: PackedInMemory): Source => ({ read: (path) => contents.get(path) });
