/**
 * Packed matrices in safetensors. A matrix of q8 or q4 is a U32 tensor: the words of its rows, as tensor/weight-format.ts lays them
 * out. What it means stands in `__metadata__` under the name "attendant", as JSON:
 * `{ "format": 1, "dtype": "q8", "shapes": { NAME: [rows, width] }, "same_as": { OTHER_NAME: NAME } }`.
 * docs/decisions/0019-packed-weights.md says why.
 */

import { quote } from "../../errors";
import { isPackedFormat, type PackedFormat } from "../../tensor/packed-rows";
import { rowWords } from "../../tensor/weight-format";
import { isFields } from "../../util/fields";
import { parseStrictJson } from "./json";
import { invalidWeights, shapeOf, tensorError, type TensorInfo } from "./tensors";

/** The key in `__metadata__`. */
export const PACKED_KEY = "attendant";
const FORMAT = 1;

export interface PackedHeader {
  /** Of all packed matrices; absent if no matrix is packed. */
  dtype?: PackedFormat;
  /** Rows and width of each packed matrix, by name. */
  shapes: ReadonlyMap<string, readonly [rows: number, width: number]>;
  /** Further names of tensors of the file. */
  sameAs: ReadonlyMap<string, string>;
}

/** What stands under `PACKED_KEY`. */
export function writePackedHeader({ dtype, shapes, sameAs }: PackedHeader): string {
  return JSON.stringify({
    format: FORMAT,
    dtype,
    shapes: Object.fromEntries(shapes),
    same_as: Object.fromEntries(sameAs),
  });
}

function parsePackedHeader(text: string, path: string): PackedHeader {
  const where = `${PACKED_KEY} in its __metadata__`;
  const fail = (rule: string) => invalidWeights(path, `${where} ${rule}`);
  const { format, dtype, shapes, same_as: sameAs = {} } = parseStrictJson(text, fail, true);
  if (format !== FORMAT) throw fail(`has the format ${quote(format)}; this version reads ${FORMAT}.`);
  if (dtype !== undefined && !isPackedFormat(dtype)) throw fail(`has the dtype ${quote(dtype)}.`);
  if (!isFields(shapes) || !isFields(sameAs)) throw fail("has shapes or same_as that are not objects.");
  const pairs = Object.entries(shapes).map(([name, shape]) => {
    if (dtype === undefined) throw fail("names matrices, but no dtype.");
    const isPair = Array.isArray(shape) && shape.length === 2;
    if (!isPair || !shape.every(Number.isSafeInteger) || shape[1] === 0)
      throw fail(`has no rows and width of ${quote(name)}.`);
    return [name, shape as [number, number]] as const;
  });
  const names = Object.entries(sameAs).map(([name, other]) => {
    if (typeof other !== "string") throw fail(`does not name a tensor for ${quote(name)}.`);
    return [name, other] as const;
  });
  return { dtype, shapes: new Map(pairs), sameAs: new Map(names) };
}

/**
 * The tensors as the model sees them: matrices with the shapes that they have when unpacked, and further names.
 * @param metadata of the file
 * @throws ModelError `invalid_weights`
 */
export function withPacked<T extends TensorInfo>(tensors: T[], metadata: unknown, path: string): (T | TensorInfo)[] {
  const text = isFields(metadata) ? metadata[PACKED_KEY] : undefined;
  if (typeof text !== "string") return tensors;
  const { dtype, shapes, sameAs } = parsePackedHeader(text, path);
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  for (const [name, [rows, width]] of shapes) {
    const tensor = byName.get(name);
    if (!tensor || !dtype) throw invalidWeights(path, `there is no tensor ${quote(name)}, which ${PACKED_KEY} names.`);
    const stored = [rows, rowWords(dtype, width)];
    if (tensor.dtype !== "U32" || tensor.shape.join() !== stored.join())
      throw tensorError(
        path,
        name,
        `is not the U32 ${shapeOf(stored)} that ${shapeOf([rows, width])} in ${dtype} takes.`,
      );
    Object.assign(tensor, { shape: [rows, width], packed: dtype });
  }
  const others = [...sameAs].map(([name, first]): TensorInfo => {
    const tensor = byName.get(first);
    if (!tensor || byName.has(name))
      throw invalidWeights(path, `${quote(name)} cannot be the same as ${quote(first)}.`);
    const { dtype: stored, shape, packed } = tensor;
    return { name, dtype: stored, shape, sameAs: first, ...(packed && { packed }) };
  });
  return [...tensors, ...others];
}
