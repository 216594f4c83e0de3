/**
 * An unpickler that can build tensors, plain containers, numbers and texts, and nothing else.
 *
 * A pickle is a program for a stack machine, and it can name any function of any Python module. This machine knows only the
 * instructions that `torch.save` writes with pickle protocols 2 to 5 (torch/serialization.py), and only the names of
 * pickle-names.ts, those that torch's own `weights_only` unpickler allows. It never looks up, calls or imports anything: most
 * names only make an `Opaque` value, which nothing reads. It refuses everything else, and the error names the instruction or
 * name and its position. The time of an instruction is bounded by its length, and the number of values that a program may
 * build is limited.
 *
 * torch's own unpickler stops at protocol 3. The instructions of 4 and 5 make nothing that those of 3 cannot make.
 */

import { ModelError, quote } from "../../../errors";
import { instructionNames } from "./pickle-names";
import { Dict, kindOf, Opaque, Tuple, type Storage, type Value } from "./pickle-values";
import { torchObjects } from "./torch-objects";

/** Limits far above any model that fits a browser. A tensor takes five containers and about thirty instructions. */
const MAX = { containers: 500_000, stack: 1_000_000, memo: 2_000_000 };

/** The data ends before the pickle does. */
export class PickleTooShort extends Error {}

/**
 * Runs a pickle.
 * @param data begins with the pickle; other bytes may follow
 * @param path name of the file, for messages
 * @returns its value, how many bytes it took, and the storages that it refers to, by their keys
 * @throws ModelError `invalid_weights`; {@link PickleTooShort} if `data` ends before the pickle does
 */
export function unpickle(
  data: Uint8Array,
  path: string,
): { value: Value; length: number; storages: Map<string, Storage> } {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const memo = new Map<number, Value>();
  /** The stack below each open mark, outermost first. */
  const below: Value[][] = [];
  let stack: Value[] = [];
  let at = 0;
  /** Position and name of the current instruction, for messages. */
  let position = 0;
  let instruction = "";
  let depth = 0;
  let containers = 0;
  const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

  const fail = (rule: string) =>
    new ModelError(
      "invalid_weights",
      `${path}: ${instruction} at byte ${position} of the pickle ${rule}.`,
      "Only tensors are read from a pickle. Save the state dict alone with torch.save, or as safetensors.",
    );

  function read(length: number): number {
    if (at + length > data.length) throw new PickleTooShort();
    at += length;
    return at - length;
  }

  function push(value: Value): void {
    if (++depth > MAX.stack) throw fail(`puts more than ${MAX.stack} values on the stack`);
    stack.push(value);
  }

  function pop(): Value {
    const value = stack.pop();
    if (value === undefined) throw fail("takes a value off an empty stack");
    depth--;
    return value;
  }

  function top(): Value {
    if (stack.length === 0) throw fail("needs a value on the stack");
    return stack[stack.length - 1];
  }

  /** The values since the last mark. */
  function popMark(): Value[] {
    const outer = below.pop();
    if (!outer) throw fail("needs a mark on the stack");
    const values = stack;
    stack = outer;
    depth -= values.length + 1;
    return values;
  }

  function container<T extends Value>(value: T): T {
    if (++containers > MAX.containers) throw fail(`makes more than ${MAX.containers} containers`);
    return value;
  }

  const { storages, name, storage, call } = torchObjects(fail, container);

  function line(): string {
    const end = data.subarray(at, at + 256).indexOf(10);
    if (end < 0 && data.length - at < 256) throw new PickleTooShort();
    if (end < 0) throw fail("has a name of more than 255 bytes");
    const start = read(end + 1);
    return text(start, end);
  }

  /** Python writes lone surrogates as three bytes, which are not UTF-8: they become U+FFFD, in a text that nothing reads. */
  const text = (start: number, length: number): string => utf8.decode(data.subarray(start, start + length));

  /** A length of eight bytes. */
  const length8 = (): number => Number(view.getBigUint64(read(8), true));

  /** Little-endian, two's complement. Beyond 2^53 the nearest double: no length is such a number, and nothing reads it. */
  function long(length: number): number {
    const bytes = data.subarray(read(length), at);
    if (length > 8) return bytes.reduceRight((sum, byte) => 256 * sum + byte, bytes[length - 1] > 127 ? -1 : 0);
    const value = bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    return Number(BigInt.asIntN(8 * length, value));
  }

  function bytes(length: number): void {
    read(length);
    push(container(new Opaque("bytes")));
  }

  function setItems(items: Value[]): void {
    const dict = top();
    if (!(dict instanceof Dict)) throw fail(`sets an item of ${kindOf(dict)}`);
    if (items.length % 2 !== 0) throw fail("sets a key without a value");
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i];
      if (dict.entries.has(key))
        throw fail(`sets the key ${typeof key === "object" ? kindOf(key) : quote(String(key))} a second time`);
      dict.entries.set(key, items[i + 1]);
    }
  }

  function append(items: Value[]): void {
    const list = top();
    if (!Array.isArray(list)) throw fail(`appends to ${kindOf(list)}`);
    for (const item of items) list.push(item);
  }

  const pair = (): [Value, Value] => {
    const second = pop();
    return [pop(), second];
  };

  function remember(index: number): void {
    if (memo.size >= MAX.memo) throw fail(`remembers more than ${MAX.memo} values`);
    memo.set(index, top());
  }

  function recall(index: number): void {
    const value = memo.get(index);
    if (value === undefined) throw fail(`recalls value ${index}, which was not remembered`);
    push(value);
  }

  const tuple = (items: Value[]) => push(container(new Tuple(items)));

  const run: Readonly<Record<string, () => void>> = {
    PROTO: () => {
      const version = data[read(1)];
      if (version < 2 || version > 5) throw fail(`is protocol ${version}, but torch.save writes protocols 2 to 5`);
    },
    FRAME: () => void read(8),
    GLOBAL: () => push(name(line(), line())),
    STACK_GLOBAL: () => push(name(...pair())),
    REDUCE: () => push(call(...pair())),
    NEWOBJ: () => push(call(...pair())),
    BINPERSID: () => push(storage(pop())),
    BUILD: () => {
      const [target, state] = pair();
      // The attributes of a state dict: `_metadata`, the versions of the modules that made it.
      if (!(target instanceof Opaque) && !(target instanceof Dict && target.ordered && state instanceof Dict)) {
        throw fail(`sets attributes of ${kindOf(target)}`);
      }
      push(target);
    },
    MARK: () => {
      if (++depth > MAX.stack) throw fail(`puts more than ${MAX.stack} values on the stack`);
      below.push(stack);
      stack = [];
    },
    EMPTY_DICT: () => push(container(new Dict(false))),
    SETITEM: () => setItems(pair()),
    SETITEMS: () => setItems(popMark()),
    EMPTY_LIST: () => push(container([])),
    APPEND: () => append([pop()]),
    APPENDS: () => append(popMark()),
    // Nothing reads the items of a set.
    EMPTY_SET: () => push(container(new Opaque("set"))),
    ADDITEMS: () => {
      popMark();
      if (!(top() instanceof Opaque)) throw fail(`adds to ${kindOf(top())}`);
    },
    FROZENSET: () => {
      popMark();
      push(container(new Opaque("frozenset")));
    },
    EMPTY_TUPLE: () => tuple([]),
    TUPLE: () => tuple(popMark()),
    TUPLE1: () => tuple([pop()]),
    TUPLE2: () => tuple(pair()),
    TUPLE3: () => {
      const [second, third] = pair();
      tuple([pop(), second, third]);
    },
    BINPUT: () => remember(data[read(1)]),
    LONG_BINPUT: () => remember(view.getUint32(read(4), true)),
    MEMOIZE: () => remember(memo.size),
    BINGET: () => recall(data[read(1)]),
    LONG_BINGET: () => recall(view.getUint32(read(4), true)),
    BINUNICODE: () => {
      const length = view.getUint32(read(4), true);
      push(text(read(length), length));
    },
    SHORT_BINUNICODE: () => {
      const length = data[read(1)];
      push(text(read(length), length));
    },
    BINUNICODE8: () => {
      const length = length8();
      push(text(read(length), length));
    },
    SHORT_BINSTRING: () => {
      const length = data[read(1)];
      push(text(read(length), length));
    },
    SHORT_BINBYTES: () => bytes(data[read(1)]),
    BINBYTES: () => bytes(view.getUint32(read(4), true)),
    BINBYTES8: () => bytes(length8()),
    BYTEARRAY8: () => bytes(length8()),
    BININT: () => push(view.getInt32(read(4), true)),
    BININT1: () => push(data[read(1)]),
    BININT2: () => push(view.getUint16(read(2), true)),
    LONG1: () => push(long(data[read(1)])),
    LONG4: () => push(long(view.getUint32(read(4), true))),
    BINFLOAT: () => push(view.getFloat64(read(8), false)),
    NONE: () => push(null),
    NEWTRUE: () => push(true),
    NEWFALSE: () => push(false),
  };
  const names = instructionNames();

  for (;;) {
    position = at;
    const code = data[read(1)];
    instruction = names.get(code) ?? `the byte 0x${code.toString(16).padStart(2, "0")}`;
    if (instruction === "STOP") {
      const value = pop();
      if (depth > 0) throw fail("leaves values on the stack");
      return { value, length: at, storages };
    }
    if (!Object.hasOwn(run, instruction)) {
      throw fail(names.has(code) ? "is an instruction that torch.save does not need" : "is not a pickle instruction");
    }
    run[instruction]();
  }
}
