/**
 * What the names and storages of a torch pickle stand for: tensors over storages, parameters that are their tensors, and values that
 * nothing reads. Only what torch.save writes is built; everything else is refused.
 */

import { quote, type ModelError } from "../../../errors";
import {
  BYTE_DTYPES,
  NAMES,
  ORDERED_DICT,
  PARAMETERS,
  READ_PAST,
  STORAGES,
  SUBCLASS,
  TENSOR_OF_BYTES,
  TENSORS,
} from "./pickle-names";
import { Dict, kindOf, Name, Opaque, Storage, TensorView, Tuple, type Value } from "./pickle-values";

/** The most dimensions of a tensor. */
const DIMENSIONS = 16;

export interface TorchObjects {
  /** The storages that the pickle refers to, by their keys. */
  storages: Map<string, Storage>;
  /** What a module has under a name, of the names that are known. */
  name: (module: Value, member: Value) => Name;
  /** A storage by its persistent id. */
  storage: (id: Value) => Storage;
  /** What a function of torch makes of its arguments. */
  call: (target: Value, args: Value) => Value;
}

/**
 * @param fail the error of the instruction that is being run
 * @param container counts a value that holds others
 */
export function torchObjects(
  fail: (rule: string) => ModelError,
  container: <T extends Value>(value: T) => T,
): TorchObjects {
  const storages = new Map<string, Storage>();

  function name(module: Value, member: Value): Name {
    if (typeof module !== "string" || typeof member !== "string") throw fail("names something by what is not a text");
    const full = `${module}.${member}`;
    if (!NAMES.has(full)) throw fail(`names ${quote(full)}, which is not one of the names that a state dict needs`);
    return new Name(full);
  }

  /** ("storage", class, key, location, elements). Files before torch 1.6 have a sixth item, which must be None. */
  function storage(id: Value): Storage {
    const [tag, type, key, location, elements, part] = id instanceof Tuple ? id.items : [];
    const known = type instanceof Name && Object.hasOwn(STORAGES, type.text) ? STORAGES[type.text] : undefined;
    const right = tag === "storage" && typeof key === "string" && typeof location === "string" && isLength(elements);
    if (!known || !right || (part ?? null) !== null) throw fail("refers to something that is not a storage");
    const described = container(new Storage(key, known[0], known[1], elements));
    if (!storages.has(key)) storages.set(key, described);
    return described;
  }

  /** A storage of bytes as elements of a dtype. One that the engine does not know stays bytes, and its tensor is not read. */
  function typedStorage(storage: Value, type: Value): Value {
    if (!(storage instanceof Storage && type instanceof Name)) return null;
    const [dtype, width] = BYTE_DTYPES[type.text] ?? [type.text, 1];
    const typed = container(new Storage(storage.key, dtype, width, Math.floor(storage.size / width)));
    storages.set(storage.key, typed);
    return typed;
  }

  function call(target: Value, args: Value): Value {
    if (!(target instanceof Name) || !(args instanceof Tuple)) throw fail(`calls ${kindOf(target)}`);
    if (target.text === ORDERED_DICT && args.items.length === 0) return container(new Dict(true));
    if (PARAMETERS.includes(target.text) && args.items[0] instanceof TensorView) return args.items[0];
    if (target.text === SUBCLASS) {
      const [rebuild, type, inner] = args.items;
      if (rebuild instanceof Name && rebuild.text !== SUBCLASS && type instanceof Name) return call(rebuild, inner);
    }
    if (READ_PAST.includes(target.text)) return container(new Opaque(target.text));
    if (TENSORS.includes(target.text) || target.text === TENSOR_OF_BYTES) {
      const [first, offset, shape, strides, , , type] = args.items;
      const storage = target.text === TENSOR_OF_BYTES ? typedStorage(first, type) : first;
      if (storage instanceof Storage && isLength(offset) && areLengths(shape) && areLengths(strides)) {
        const tensor = new TensorView(storage, offset, shape.items as number[], strides.items as number[]);
        if (shape.items.length === strides.items.length) return container(tensor);
      }
    }
    throw fail(`calls ${target.text} with arguments that torch.save does not write`);
  }

  return { storages, name, storage, call };
}

const isLength = (value: Value | undefined): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function areLengths(value: Value | undefined): value is Tuple {
  return value instanceof Tuple && value.items.length <= DIMENSIONS && value.items.every(isLength);
}
