/** The values in a pickle of `torch.save`: plain values of Python, and tensors as views of storages. */

export type Value = null | boolean | number | string | Value[] | Tuple | Dict | Name | Opaque | Storage | TensorView;

export class Tuple {
  constructor(readonly items: readonly Value[]) {}
}

/** A dict or, `ordered`, a collections.OrderedDict; the keys of a state dict are strings. */
export class Dict {
  readonly entries = new Map<Value, Value>();
  constructor(readonly ordered: boolean) {}
}

/** The name of a Python global, such as "collections.OrderedDict". */
export class Name {
  constructor(readonly text: string) {}
}

/** A value that is not built because nothing reads it: a set, a device, a size. */
export class Opaque {
  constructor(readonly name: string) {}
}

/** A block of memory (torch's "storage"). Tensors are views of it. */
export class Storage {
  constructor(
    readonly key: string,
    /** Its name in safetensors. */
    readonly dtype: string,
    readonly bytesPerElement: number,
    readonly elements: number,
  ) {}

  /** Bytes. */
  get size(): number {
    return this.elements * this.bytesPerElement;
  }
}

/** Offset and strides are in elements of the storage. */
export class TensorView {
  constructor(
    readonly storage: Storage,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}
}

/** The kind of a value in words, for messages. */
export function kindOf(value: Value): string {
  if (value === null) return "None";
  if (Array.isArray(value)) return "a list";
  if (value instanceof Tuple) return "a tuple";
  if (value instanceof Dict) return "a dict";
  if (value instanceof Name) return value.text;
  if (value instanceof Opaque) return `a ${value.name}`;
  if (value instanceof Storage) return "a storage";
  if (value instanceof TensorView) return "a tensor";
  return `a ${typeof value}`;
}
