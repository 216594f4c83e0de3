/**
 * An unpickler that can build tensors, plain containers, numbers and texts, and nothing else.
 *
 * A pickle is a program for a stack machine, and it can name any function of any Python module. This machine knows only the
 * 32 instructions that `torch.save` writes with pickle protocol 2 or 3 (torch/serialization.py), and only the names below,
 * those that torch's own `weights_only` unpickler allows. It never looks up, calls or imports anything: most names only make
 * an `Opaque` value, which nothing reads. It refuses everything else, and the error names the instruction or name and its
 * position. The time of an instruction is bounded by its length, and the number of values that a program may build is limited.
 */

import { ModelError, quote } from "../../../errors";
import { Dict, kindOf, Name, Opaque, Storage, TensorView, Tuple, type Value } from "./pickle-values";

/** The storage classes of torch: dtype and bytes per element. */
const STORAGES: Readonly<Record<string, readonly [dtype: string, bytes: number]>> = {
  "torch.FloatStorage": ["F32", 4],
  "torch.HalfStorage": ["F16", 2],
  "torch.BFloat16Storage": ["BF16", 2],
  "torch.DoubleStorage": ["F64", 8],
  "torch.LongStorage": ["I64", 8],
  "torch.IntStorage": ["I32", 4],
  "torch.ShortStorage": ["I16", 2],
  "torch.CharStorage": ["I8", 1],
  "torch.ByteStorage": ["U8", 1],
  "torch.BoolStorage": ["BOOL", 1],
  // Tensors of these are skipped; the names on the right are not those of safetensors.
  "torch.ComplexFloatStorage": ["C64", 8],
  "torch.ComplexDoubleStorage": ["C128", 16],
  "torch.QInt8Storage": ["QI8", 1],
  "torch.QUInt8Storage": ["QU8", 1],
  "torch.QInt32Storage": ["QI32", 4],
  "torch.storage.UntypedStorage": ["BYTES", 1],
};
const ORDERED_DICT = "collections.OrderedDict";
const TENSORS = ["torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor"];
const PARAMETERS = ["torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state"];
/** Takes a function, a class, the function's arguments, and attributes: for a tensor of a subclass, or with attributes. */
const SUBCLASS = "torch._tensor._rebuild_from_type_v2";
/** torch/_weights_only_unpickler.py, `_get_allowed_globals`. Python 2 had `__builtin__`, which protocol 2 still writes. */
const READ_PAST: readonly string[] = [
  ...["collections.Counter", "_codecs.encode", "torch.Size", "torch.Tensor", "torch.device"],
  ...["torch.nn.parameter.Parameter", "torch.serialization._get_layout"],
  ...["builtins", "__builtin__"].flatMap((module) => ["set", "bytearray", "complex"].map((n) => `${module}.${n}`)),
  ...["qtensor", "tensor_v3", "sparse_tensor", "meta_tensor_no_storage", "wrapper_subclass"]
    .concat("device_tensor_from_numpy", "device_tensor_from_cpu_tensor")
    .map((name) => `torch._utils._rebuild_${name}`),
];
const DTYPES: readonly string[] = [
  ...["float16", "float32", "float64", "bfloat16", "bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16"],
  ...["int32", "int64", "complex32", "complex64", "complex128", "qint8", "quint8", "qint32"],
  ...["float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "per_tensor_affine", "per_channel_affine"],
].map((name) => `torch.${name}`);
const NAMES: ReadonlySet<string> = new Set([
  ...[ORDERED_DICT, SUBCLASS, ...TENSORS, ...PARAMETERS],
  ...[...READ_PAST, ...DTYPES, ...Object.keys(STORAGES)],
]);

/** Limits far above any model that fits a browser. A tensor takes five containers and about thirty instructions. */
const MAX = { containers: 500_000, stack: 1_000_000, memo: 2_000_000, dimensions: 16 };

/** The names of all instructions of pickle protocols 0 to 5 by their byte (CPython, pickletools.py), for messages. */
const INSTRUCTIONS =
  "I INT,J BININT,K BININT1,M BININT2,L LONG,\x8a LONG1,\x8b LONG4,S STRING,T BINSTRING,U SHORT_BINSTRING,B BINBYTES," +
  "C SHORT_BINBYTES,\x8e BINBYTES8,\x96 BYTEARRAY8,\x97 NEXT_BUFFER,\x98 READONLY_BUFFER,N NONE,\x88 NEWTRUE," +
  "\x89 NEWFALSE,V UNICODE,\x8c SHORT_BINUNICODE,X BINUNICODE,\x8d BINUNICODE8,F FLOAT,G BINFLOAT,] EMPTY_LIST," +
  "a APPEND,e APPENDS,l LIST,) EMPTY_TUPLE,t TUPLE,\x85 TUPLE1,\x86 TUPLE2,\x87 TUPLE3,} EMPTY_DICT,d DICT,s SETITEM," +
  "u SETITEMS,\x8f EMPTY_SET,\x90 ADDITEMS,\x91 FROZENSET,0 POP,2 DUP,( MARK,1 POP_MARK,g GET,h BINGET,j LONG_BINGET," +
  "p PUT,q BINPUT,r LONG_BINPUT,\x94 MEMOIZE,\x82 EXT1,\x83 EXT2,\x84 EXT4,c GLOBAL,\x93 STACK_GLOBAL,R REDUCE," +
  "b BUILD,i INST,o OBJ,\x81 NEWOBJ,\x92 NEWOBJ_EX,\x80 PROTO,. STOP,\x95 FRAME,P PERSID,Q BINPERSID";

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
  const storages = new Map<string, Storage>();
  /** The stack below each open mark, outermost first. */
  const below: Value[][] = [];
  let stack: Value[] = [];
  let at = 0;
  /** Position and name of the current instruction, for messages. */
  let position = 0;
  let instruction = "";
  let depth = 0;
  let containers = 0;
  const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

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

  function line(): string {
    const end = data.subarray(at, at + 256).indexOf(10);
    if (end < 0 && data.length - at < 256) throw new PickleTooShort();
    if (end < 0) throw fail("has a name of more than 255 bytes");
    const start = read(end + 1);
    return text(start, end);
  }

  function text(start: number, length: number): string {
    try {
      return utf8.decode(data.subarray(start, start + length));
    } catch {
      throw fail("holds text that is not valid UTF-8");
    }
  }

  function integer(value: number): number {
    if (!Number.isSafeInteger(value)) throw fail("holds an integer beyond 2^53");
    return value;
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

  function name(): Name {
    const full = `${line()}.${line()}`;
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

  function call(target: Value, args: Value): Value {
    if (!(target instanceof Name) || !(args instanceof Tuple)) throw fail(`calls ${kindOf(target)}`);
    if (target.text === ORDERED_DICT && args.items.length === 0) return container(new Dict(true));
    if (PARAMETERS.includes(target.text) && args.items[0] instanceof TensorView) return args.items[0];
    if (target.text === SUBCLASS) {
      const [rebuild, type, inner] = args.items;
      if (rebuild instanceof Name && rebuild.text !== SUBCLASS && type instanceof Name) return call(rebuild, inner);
    }
    if (READ_PAST.includes(target.text)) return container(new Opaque(target.text));
    if (TENSORS.includes(target.text)) {
      const [storage, offset, shape, strides] = args.items;
      if (storage instanceof Storage && isLength(offset) && areLengths(shape) && areLengths(strides)) {
        const tensor = new TensorView(storage, offset, shape.items as number[], strides.items as number[]);
        if (shape.items.length === strides.items.length) return container(tensor);
      }
    }
    throw fail(`calls ${target.text} with arguments that torch.save does not write`);
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
      if (version !== 2 && version !== 3) throw fail(`is protocol ${version}, but torch.save writes protocol 2 or 3`);
    },
    GLOBAL: () => push(name()),
    REDUCE: () => push(call(...pair())),
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
    BINGET: () => recall(data[read(1)]),
    LONG_BINGET: () => recall(view.getUint32(read(4), true)),
    BINUNICODE: () => {
      const length = view.getUint32(read(4), true);
      push(text(read(length), length));
    },
    SHORT_BINSTRING: () => {
      const length = data[read(1)];
      push(text(read(length), length));
    },
    BININT: () => push(view.getInt32(read(4), true)),
    BININT1: () => push(data[read(1)]),
    BININT2: () => push(view.getUint16(read(2), true)),
    LONG1: () => {
      const length = data[read(1)];
      if (length > 8) throw fail("holds an integer beyond 2^53");
      // Little-endian, two's complement.
      const bytes = data.subarray(read(length), at);
      const value = bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
      push(integer(Number(BigInt.asIntN(8 * length, value))));
    },
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

let byCode: Map<number, string> | undefined;

function instructionNames(): Map<number, string> {
  byCode ??= new Map(INSTRUCTIONS.split(",").map((item) => [item.charCodeAt(0), item.slice(2)]));
  return byCode;
}

const isLength = (value: Value | undefined): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function areLengths(value: Value | undefined): value is Tuple {
  return value instanceof Tuple && value.items.length <= MAX.dimensions && value.items.every(isLength);
}
