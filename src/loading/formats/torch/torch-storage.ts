/** Finds the named tensors in the value of a pickle, and reads tensors from the bytes of their storage. */

import { quote } from "../../../errors";
import type { ByteReader } from "../byte-reader";
import type { DType } from "../dtypes";
import { Dict, kindOf, TensorView, type Storage, type Value } from "./pickle-values";
import { invalidWeights, isReadable, PIECE_BYTES, product, readPieces, shapeOf, tensorError } from "../tensors";
import type { TensorInfo, TensorPiece, Wanted } from "../tensors";

export interface NamedView extends TensorInfo {
  view: TensorView;
}

type ReadableView = NamedView & { dtype: DType };

/**
 * The tensors of a state dict, in its order, and the names of its other values, such as the number of an epoch.
 * @param storages all storages of the pickle, by their keys
 * @throws ModelError `invalid_weights` if there is no tensor at all, and for a view that leaves its storage
 */
export function stateDict(
  value: Value,
  storages: ReadonlyMap<string, Storage>,
  path: string,
): { tensors: NamedView[]; others: string[] } {
  const hint = "Save model.state_dict() alone, not in another dict.";
  if (!(value instanceof Dict))
    throw invalidWeights(path, `holds ${kindOf(value)} where a state dict is needed.`, hint);
  const firstOf = new Map<string, string>();
  const others: string[] = [];
  const tensors: NamedView[] = [];
  for (const [name, item] of value.entries) {
    if (typeof name !== "string")
      throw invalidWeights(
        path,
        `its state dict has ${typeof name === "number" ? name : kindOf(name)} as a key.`,
        hint,
      );
    if (!(item instanceof TensorView)) {
      others.push(name);
      continue;
    }
    const { storage, shape, offset, strides } = item;
    checkView(item, (rule) => tensorError(path, name, rule));
    const known = storages.get(storage.key) ?? storage;
    if (known.dtype !== storage.dtype || known.elements !== storage.elements) {
      throw tensorError(path, name, `its storage ${quote(storage.key)} is described in two ways.`);
    }
    const memory = JSON.stringify([storage.key, offset, shape, strides]);
    const sameAs = firstOf.get(memory);
    if (sameAs === undefined) firstOf.set(memory, name);
    tensors.push({ name, dtype: storage.dtype, shape: [...shape], sameAs, view: item });
  }
  if (tensors.length === 0 && others.length > 0) {
    const found = kindOf(value.entries.get(others[0]) ?? null);
    throw invalidWeights(path, `its state dict has no tensors, but ${found} at ${quote(others[0])}.`, hint);
  }
  return { tensors, others };
}

/** A view may repeat elements of its storage (torch's `expand`). What config.json asks for limits how many a model takes. */
function checkView({ storage, offset, shape, strides }: TensorView, fail: (rule: string) => Error): void {
  const elements = product(shape);
  if (!Number.isSafeInteger(elements * 8)) throw fail(`shape ${shapeOf(shape)} overflows.`);
  if (offset > storage.elements) throw fail(`begins at element ${offset} of its storage of ${storage.elements}.`);
  const last = shape.reduce((index, n, i) => index + Math.max(0, n - 1) * strides[i], offset);
  if (elements > 0 && last >= storage.elements)
    throw fail(`reaches element ${last} of its storage of ${storage.elements}.`);
}

/** Row-major and without gaps. */
function isContiguous({ shape, strides }: TensorView): boolean {
  if (product(shape) === 0) return true;
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] !== 1 && strides[i] !== step) return false;
    step *= shape[i];
  }
  return true;
}

/**
 * Reads a storage, which begins at the reader's position, to its end.
 * @param tensors all views of it
 */
export async function* readStorage(
  bytes: ByteReader,
  storage: Storage,
  tensors: readonly NamedView[],
  wanted: Wanted,
): AsyncGenerator<TensorPiece, void, undefined> {
  const { bytesPerElement, size } = storage;
  const needed = tensors.filter(isReadable).filter(({ name }) => wanted(name));
  const skipTo = async (end: number) => {
    const length = end - (bytes.position - start);
    if ((await bytes.skip(length)) < length)
      throw invalidWeights(bytes.path, `the file ends within storage ${quote(storage.key)} (truncated).`);
  };
  const start = bytes.position;
  const groups = regions(needed);
  if (groups) {
    for (const group of groups) {
      const [first] = group;
      await skipTo(first.view.offset * bytesPerElement);
      for await (const piece of readPieces(bytes, first)) {
        for (const { name } of group) yield { ...piece, name };
      }
    }
  } else {
    const whole = await bytes.take(size);
    if (whole.length === size) for (const tensor of needed) yield* gather(bytes.path, whole, tensor);
  }
  await skipTo(size);
}

/**
 * Groups the tensors so that each group can be read in order; equal tensors (tied weights) are one group. Returns undefined
 * if tensors are transposed or overlap.
 */
function regions(tensors: readonly ReadableView[]): ReadableView[][] | undefined {
  const sorted = [...tensors].sort((a, b) => a.view.offset - b.view.offset || product(a.shape) - product(b.shape));
  const groups: ReadableView[][] = [];
  let end = 0;
  for (const tensor of sorted) {
    const group = groups.at(-1);
    const { offset, shape } = tensor.view;
    if (!isContiguous(tensor.view)) return undefined;
    if (group && group[0].view.offset === offset && String(group[0].shape) === String(shape)) {
      group.push(tensor);
      continue;
    }
    if (offset < end) return undefined;
    groups.push([tensor]);
    end = offset + product(shape);
  }
  return groups;
}

/** Elements as numbers that copy without a change of their bits; a NaN of float64 stays a NaN. */
function wordsOf(buffer: ArrayBuffer, bytesPerElement: number) {
  if (bytesPerElement === 8) return new Float64Array(buffer, 0, Math.floor(buffer.byteLength / 8));
  if (bytesPerElement === 4) return new Uint32Array(buffer);
  return bytesPerElement === 2 ? new Uint16Array(buffer) : new Uint8Array(buffer);
}

/** Collects the elements of a view in its own order, a few rows at a time. */
function* gather(
  file: string,
  storage: Uint8Array<ArrayBuffer>,
  { name, dtype, view }: ReadableView,
): Generator<TensorPiece> {
  const { shape, strides, offset } = view;
  const element = view.storage.bytesPerElement;
  const words = wordsOf(storage.buffer, element);
  const row = Math.max(1, shape.at(-1) ?? 1);
  const step = strides.at(-1) ?? 1;
  const rows = product(shape) / row;
  const rowsPerPiece = Math.max(1, Math.floor(PIECE_BYTES / (row * element)));
  const index = shape.slice(0, -1).map(() => 0);
  for (let first = 0; first < Math.max(1, rows); first += rowsPerPiece) {
    const count = Math.min(rowsPerPiece, rows - first);
    const data = new Uint8Array(count * row * element);
    const out = wordsOf(data.buffer, element);
    for (let r = 0; r < count; r++) {
      const from = index.reduce((at, n, i) => at + n * strides[i], offset);
      for (let i = 0; i < row; i++) out[r * row + i] = words[from + i * step];
      // The next row: increment the index, the last dimension but one first.
      for (let i = index.length - 1; i >= 0 && ++index[i] === shape[i]; i--) index[i] = 0;
    }
    yield { file, name, dtype, shape: [...shape], start: first * row, data };
  }
}
