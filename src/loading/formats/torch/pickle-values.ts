/** What a pickle of `torch.save` can hold: plain values of Python, and tensors as views of storages. */

export type Value = null | boolean | number | string | Value[] | Tuple | Dict | Name | Opaque | Storage | TensorView;

export class Tuple {
  constructor(readonly items: readonly Value[]) {}
}

/** A dict or, `ordered`, a collections.OrderedDict; the keys of a state dict are strings. */
export class Dict {
  readonly entries = new Map<Value, Value>();
  constructor(readonly ordered: boolean) {}
}

/** A global of Python, as "module.name". */
export class Name {
  constructor(readonly text: string) {}
}

/** What a name makes of its arguments, where it is neither made nor read: a set, a device, a size. */
export class Opaque {
  constructor(readonly name: string) {}
}

/** A block of memory that tensors are views of. */
export class Storage {
  constructor(
    readonly key: string,
    /** As safetensors names it. */
    readonly dtype: string,
    readonly bytesPerElement: number,
    readonly elements: number,
  ) {}
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

/** In words, for messages. */
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
