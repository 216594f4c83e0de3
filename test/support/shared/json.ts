/**
 * JSON that keeps what numeric tests need: typed arrays stay typed arrays, tensors keep their shape, and NaN and the infinities, which JSON turns
 * into null, survive.
 */

import { HostTensor } from "../../../src/tensor/host-tensor";

const TYPED_ARRAYS = { Float32Array, Float64Array, Int8Array, Uint8Array, Int32Array, Uint32Array, Uint16Array };
type TypedArrayName = keyof typeof TYPED_ARRAYS;
type Tagged = { $number: string } | { $typed: TypedArrayName; values: unknown[]; shape?: number[] };

export function toJson(value: unknown): string {
  const text = JSON.stringify(value ?? null, (_key, item: unknown) => {
    if (typeof item === "number" && !Number.isFinite(item)) return { $number: String(item) };
    if (!ArrayBuffer.isView(item)) return item;
    if (item instanceof HostTensor) return { $typed: "Float32Array", values: Array.from(item), shape: item.shape };
    const { name } = item.constructor;
    if (!name || !(name in TYPED_ARRAYS)) throw new Error(`A ${name} can't pass between a test and its page.`);
    return { $typed: name, values: Array.from(item as Float32Array) };
  });
  if (text === undefined) throw new Error("Only data can pass between a test and its page, no function.");
  return text;
}

export function fromJson(text: string): unknown {
  return JSON.parse(text, (_key, item: unknown) => {
    if (!isTagged(item)) return item;
    if ("$number" in item) return Number(item.$number);
    const array = TYPED_ARRAYS[item.$typed].from(item.values as number[]);
    return item.shape ? new HostTensor(array as Float32Array, item.shape) : array;
  });
}

function isTagged(item: unknown): item is Tagged {
  return typeof item === "object" && item !== null && ("$number" in item || "$typed" in item);
}
