/** The instructions of pickle: the names of all, and what each of those does that `torch.save` writes. */

import { quote, type ModelError } from "../../../errors";
import type { PickleReader } from "./pickle-reader";
import type { PickleStack } from "./pickle-stack";
import { Dict, kindOf, Opaque, Tuple, type Value } from "./pickle-values";
import type { TorchObjects } from "./torch-objects";

/** The names of all instructions of pickle protocols 0 to 5 by their byte (CPython, pickletools.py), for messages. */
const INSTRUCTIONS =
  "I INT,J BININT,K BININT1,M BININT2,L LONG,\x8a LONG1,\x8b LONG4,S STRING,T BINSTRING,U SHORT_BINSTRING,B BINBYTES," +
  "C SHORT_BINBYTES,\x8e BINBYTES8,\x96 BYTEARRAY8,\x97 NEXT_BUFFER,\x98 READONLY_BUFFER,N NONE,\x88 NEWTRUE," +
  "\x89 NEWFALSE,V UNICODE,\x8c SHORT_BINUNICODE,X BINUNICODE,\x8d BINUNICODE8,F FLOAT,G BINFLOAT,] EMPTY_LIST," +
  "a APPEND,e APPENDS,l LIST,) EMPTY_TUPLE,t TUPLE,\x85 TUPLE1,\x86 TUPLE2,\x87 TUPLE3,} EMPTY_DICT,d DICT,s SETITEM," +
  "u SETITEMS,\x8f EMPTY_SET,\x90 ADDITEMS,\x91 FROZENSET,0 POP,2 DUP,( MARK,1 POP_MARK,g GET,h BINGET,j LONG_BINGET," +
  "p PUT,q BINPUT,r LONG_BINPUT,\x94 MEMOIZE,\x82 EXT1,\x83 EXT2,\x84 EXT4,c GLOBAL,\x93 STACK_GLOBAL,R REDUCE," +
  "b BUILD,i INST,o OBJ,\x81 NEWOBJ,\x92 NEWOBJ_EX,\x80 PROTO,. STOP,\x95 FRAME,P PERSID,Q BINPERSID";

let byCode: Map<number, string> | undefined;

/** The name of each instruction by its byte. */
export function instructionNames(): ReadonlyMap<number, string> {
  byCode ??= new Map(INSTRUCTIONS.split(",").map((item) => [item.charCodeAt(0), item.slice(2)]));
  return byCode;
}

/** What instructions work on. */
export interface PickleMachine {
  reader: PickleReader;
  stack: PickleStack;
  objects: TorchObjects;
  /** Counts a value that holds others, and returns it. */
  container: <T extends Value>(value: T) => T;
  /** The error of the instruction that is being run. */
  fail: (rule: string) => ModelError;
}

/** Far above what a model needs: a tensor takes about 30 instructions. */
const MAX_MEMO = 2_000_000;

/** What each instruction does, by its name. STOP is not among them. */
export function pickleInstructions(machine: PickleMachine): Readonly<Record<string, () => void>> {
  const { reader, stack, objects, container, fail } = machine;
  const memo = new Map<number, Value>();

  function remember(index: number): void {
    if (memo.size >= MAX_MEMO) throw fail(`remembers more than ${MAX_MEMO} values`);
    memo.set(index, stack.top());
  }

  function recall(index: number): void {
    const value = memo.get(index);
    if (value === undefined) throw fail(`recalls value ${index}, which was not remembered`);
    stack.push(value);
  }

  const pushTuple = (items: Value[]): void => stack.push(container(new Tuple(items)));
  const pushText = (length: number): void => stack.push(reader.text(length));
  const pushBytes = (length: number): void => {
    reader.skip(length);
    stack.push(container(new Opaque("bytes")));
  };
  const call = (): void => stack.push(objects.call(...stack.popPair()));

  return {
    PROTO: () => {
      const version = reader.uint8();
      if (version < 2 || version > 5) throw fail(`is protocol ${version}, but torch.save writes protocols 2 to 5`);
    },
    FRAME: () => void reader.uint64(),

    GLOBAL: () => stack.push(objects.name(reader.line(), reader.line())),
    STACK_GLOBAL: () => stack.push(objects.name(...stack.popPair())),
    REDUCE: call,
    NEWOBJ: call,
    BINPERSID: () => stack.push(objects.storage(stack.pop())),
    BUILD: () => {
      const [target, state] = stack.popPair();
      // The attributes of a state dict: `_metadata`, the versions of the modules that made it.
      if (!(target instanceof Opaque) && !(target instanceof Dict && target.ordered && state instanceof Dict)) {
        throw fail(`sets attributes of ${kindOf(target)}`);
      }
      stack.push(target);
    },

    MARK: () => stack.mark(),
    BINPUT: () => remember(reader.uint8()),
    LONG_BINPUT: () => remember(reader.uint32()),
    MEMOIZE: () => remember(memo.size),
    BINGET: () => recall(reader.uint8()),
    LONG_BINGET: () => recall(reader.uint32()),

    EMPTY_DICT: () => stack.push(container(new Dict(false))),
    SETITEM: () => setItems(machine, stack.popPair()),
    SETITEMS: () => setItems(machine, stack.popMark()),
    EMPTY_LIST: () => stack.push(container([])),
    APPEND: () => append(machine, [stack.pop()]),
    APPENDS: () => append(machine, stack.popMark()),
    EMPTY_TUPLE: () => pushTuple([]),
    TUPLE: () => pushTuple(stack.popMark()),
    TUPLE1: () => pushTuple([stack.pop()]),
    TUPLE2: () => pushTuple(stack.popPair()),
    TUPLE3: () => {
      const [second, third] = stack.popPair();
      pushTuple([stack.pop(), second, third]);
    },
    // Nothing reads the items of a set.
    EMPTY_SET: () => stack.push(container(new Opaque("set"))),
    ADDITEMS: () => {
      stack.popMark();
      if (!(stack.top() instanceof Opaque)) throw fail(`adds to ${kindOf(stack.top())}`);
    },
    FROZENSET: () => {
      stack.popMark();
      stack.push(container(new Opaque("frozenset")));
    },

    BINUNICODE: () => pushText(reader.uint32()),
    SHORT_BINUNICODE: () => pushText(reader.uint8()),
    BINUNICODE8: () => pushText(reader.uint64()),
    SHORT_BINSTRING: () => pushText(reader.uint8()),
    SHORT_BINBYTES: () => pushBytes(reader.uint8()),
    BINBYTES: () => pushBytes(reader.uint32()),
    BINBYTES8: () => pushBytes(reader.uint64()),
    BYTEARRAY8: () => pushBytes(reader.uint64()),
    BININT: () => stack.push(reader.int32()),
    BININT1: () => stack.push(reader.uint8()),
    BININT2: () => stack.push(reader.uint16()),
    LONG1: () => stack.push(reader.long(reader.uint8())),
    LONG4: () => stack.push(reader.long(reader.uint32())),
    BINFLOAT: () => stack.push(reader.float64()),
    NONE: () => stack.push(null),
    NEWTRUE: () => stack.push(true),
    NEWFALSE: () => stack.push(false),
  };
}

/** @param items keys and values in turn */
function setItems({ stack, fail }: PickleMachine, items: Value[]): void {
  const dict = stack.top();
  if (!(dict instanceof Dict)) throw fail(`sets an item of ${kindOf(dict)}`);
  if (items.length % 2 !== 0) throw fail("sets a key without a value");
  for (let i = 0; i < items.length; i += 2) {
    const key = items[i];
    if (dict.entries.has(key))
      throw fail(`sets the key ${typeof key === "object" ? kindOf(key) : quote(String(key))} a second time`);
    dict.entries.set(key, items[i + 1]);
  }
}

function append({ stack, fail }: PickleMachine, items: Value[]): void {
  const list = stack.top();
  if (!Array.isArray(list)) throw fail(`appends to ${kindOf(list)}`);
  for (const item of items) list.push(item);
}
