/** The unpickler: what it builds, and how it refuses everything else. */

import { describe, expect, test } from "vitest";
import { unpickle } from "../../../../src/loading/formats/torch/pickle";
import { PickleTooShort } from "../../../../src/loading/formats/torch/pickle-reader";
import { Opaque, Tuple, type Dict, type TensorView } from "../../../../src/loading/formats/torch/pickle-values";
import { failureOf } from "../../../support/node/failure";
import { bytesOf, op, tensorCall, u32 } from "../../../support/shared/torch";

const value = (...parts: (number | string | Uint8Array)[]) => unpickle(op.program(...parts), "m.bin").value;
const refusal = (...parts: (number | string | Uint8Array)[]) =>
  failureOf(() => unpickle(op.program(...parts), "m.bin"));

const SUBCLASS = op.global("torch._tensor", "_rebuild_from_type_v2");

describe("builds", () => {
  test("numbers, text and constants", () => {
    const items = [
      ...["K", 7, "M", 0x2c, 1, op.int(-1), "G", 0x40, 4, 0, 0, 0, 0, 0, 0],
      ...[0x8a, 0, 0x8a, 1, 0xff, 0x8a, 6, 0, 0, 0, 0, 0, 1, "N", 0x88, 0x89, op.text("a")],
    ];
    expect(value("](", ...items, "e")).toEqual([7, 300, -1, 2.5, 0, -1, 2 ** 40, null, true, false, "a"]);
    expect(value("]K", 1, "a")).toEqual([1]);
    expect(value("X", u32(2), 0xc3, 0xa9)).toBe("é");
  });

  test("tuples and dicts", () => {
    expect(value(")")).toEqual(new Tuple([]));
    expect(value("K", 1, 0x85)).toEqual(new Tuple([1]));
    expect(value("K", 1, "K", 2, "K", 3, 0x87)).toEqual(new Tuple([1, 2, 3]));
    const dict = value("}(", op.text("__proto__"), "K", 1, op.text("b"), "K", 2, "uK", 5, "K", 6, "s") as Dict;
    expect([...dict.entries]).toEqual([
      ["__proto__", 1],
      ["b", 2],
      [5, 6],
    ]);
    const ordered = value(op.global("collections", "OrderedDict"), ")R}b") as Dict;
    expect(ordered.ordered).toBe(true);
  });

  test("what was remembered", () => {
    expect(value("]q", 3, "(h", 3, "r", u32(70_000), "j", u32(70_000), "e")).toHaveLength(2);
  });

  test("tensors and parameters", () => {
    const call = tensorCall({ elements: 6, offset: 1, shape: [2, 2], strides: [3, 1] });
    const tensor = value(call) as TensorView;
    expect([tensor.offset, tensor.shape, tensor.strides]).toEqual([1, [2, 2], [3, 1]]);
    expect(tensor.storage).toMatchObject({ key: "0", dtype: "F32", bytesPerElement: 4, elements: 6 });
    const hooks = bytesOf(op.global("collections", "OrderedDict"), ")R");
    const parameter = value(op.global("torch._utils", "_rebuild_parameter"), call, 0x88, hooks, 0x87, "R");
    expect(parameter).toEqual(tensor);
  });

  test("integers of any size, as numbers that are no length beyond 2^53", () => {
    expect(value(0x8a, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1)).toBe(2 ** 64);
    expect(value(0x8a, 9, ...new Array<number>(9).fill(0xff))).toBe(-1);
    expect(value(0x8b, u32(2), 0, 0x80)).toBe(-(2 ** 15));
    expect(value(0x8a, 8, 0, 0, 0, 0, 0, 0, 0, 1)).toBe(2 ** 56);
  });

  test("texts with a lone surrogate, which Python writes as three bytes", () => {
    expect(value("X", u32(4), 0x61, 0xed, 0xa0, 0x80)).toBe("a\ufffd\ufffd\ufffd");
  });

  test("protocol 3, and texts of Python 2", () => {
    expect(unpickle(bytesOf(0x80, 3, op.text("a"), "."), "m.bin").value).toBe("a");
    expect(value("U", 2, 0xc3, 0xa9)).toBe("é");
  });

  test("tensors with attributes, and in the ways of other versions", () => {
    const view = { elements: 6, offset: 1, shape: [2, 2], strides: [3, 1] };
    const call = tensorCall(view);
    const hooks = bytesOf(op.global("collections", "OrderedDict"), ")R");
    const stateful = op.global("torch._utils", "_rebuild_parameter_with_state");
    expect(value(stateful, op.tuple(call, 0x88, hooks, "}"), "R")).toEqual(value(call));
    const rebuild = op.global("torch._utils", "_rebuild_tensor_v2");
    const args = call.subarray(rebuild.length, -1);
    const type = op.global("torch.nn.parameter", "Parameter");
    expect(value(SUBCLASS, op.tuple(rebuild, type, args, "}"), "R")).toEqual(value(call));
  });

  test("nothing of what it reads past", () => {
    const optimizer = bytesOf(
      ...["}(", op.text("lr"), "G", 0x3f, 0xf0, 0, 0, 0, 0, 0, 0, op.text("betas"), op.tuple("K\x01", "K\x02")],
      ...[op.text("device"), op.global("torch", "device"), op.tuple(op.text("cpu")), "R"],
      ...[
        op.text("dtype"),
        op.global("torch", "float16"),
        op.text("size"),
        op.global("torch", "Size"),
        op.tuple(")"),
        "R",
      ],
      ...[op.text("seen"), op.global("__builtin__", "set"), op.tuple("](K\x01K\x02e"), "R"],
      ...[op.text("bytes"), op.global("_codecs", "encode"), op.tuple(op.text("x"), op.text("latin1")), "R"],
      ...[op.text("count"), op.global("collections", "Counter"), op.tuple("}"), "R"],
      ...["K\x07", op.text("a number as a key"), "NN", op.tuple("K\x01"), 0x88, "u"],
    );
    const { entries } = value(optimizer.subarray()) as Dict;
    const kinds = [...entries.values()].map((item) => (item instanceof Opaque ? item.name : typeof item));
    expect(kinds).toEqual([
      ...["number", "object", "torch.device", "object", "torch.Size", "__builtin__.set", "_codecs.encode"],
      ...["collections.Counter", "string", "object", "boolean"],
    ]);
    const sparse = [op.global("torch._utils", "_rebuild_sparse_tensor"), op.tuple("N"), "R"];
    expect(value(...sparse)).toEqual(new Opaque("torch._utils._rebuild_sparse_tensor"));
  });

  test("and says which storages it refers to", () => {
    const views = ["0", "1", "1"].map((key) => tensorCall({ key, elements: 4, shape: [2], strides: [1] }));
    const storages = unpickle(op.program("](", ...views, "e"), "m.bin").storages;
    expect([...storages].map(([key, { elements }]) => [key, elements])).toEqual([
      ["0", 4],
      ["1", 4],
    ]);
  });

  test("and says how many bytes it took", () => {
    expect(unpickle(bytesOf(op.program("N"), "more"), "m.bin").length).toBe(4);
    const program = op.program(tensorCall({ elements: 1, shape: [], strides: [] }));
    for (let length = 0; length < program.length; length++)
      expect(() => unpickle(program.subarray(0, length), "m.bin")).toThrow(PickleTooShort);
  });
});

describe("refuses, with the name or instruction and its position,", () => {
  test.each([
    ["os", "system"],
    ["posix", "system"],
    ["builtins", "eval"],
    ["__builtin__", "exec"],
    ["subprocess", "Popen"],
    ["torch", "load"],
    ["torch", "Tensor.__init__"],
    ["torch.hub", "load"],
    ["functools", "partial"],
    ["builtins", "getattr"],
    ["operator", "attrgetter"],
    ["torch._utils", "_rebuild_not_there"],
    ["torch._utils", "_rebuild_tensor_v2.__globals__"],
    ["numpy.core.multiarray", "scalar"],
    ["collections", "OrderedDict.fromkeys"],
    ["collections.OrderedDict", ""],
    ["", ""],
    ["__proto__", "constructor"],
    ["torch", "FloatStorage "],
  ])("the global %s.%s", async (module, name) => {
    const error = await refusal("N", op.global(module, name), op.tuple(op.text("echo hacked")), "R");
    expect(error.code).toBe("invalid_weights");
    expect(error.message).toBe(
      `m.bin: GLOBAL at byte 3 of the pickle names ${JSON.stringify(`${module}.${name}`)}, ` +
        "which is not one of the names that a state dict needs.",
    );
    expect(error.hint).toMatch("Only tensors are read");
  });

  const others =
    "I INT,L LONG,S STRING,T BINSTRING,\x97 NEXT_BUFFER,\x98 READONLY_BUFFER,V UNICODE,F FLOAT,l LIST,d DICT,0 POP,2 DUP," +
    "1 POP_MARK,g GET,p PUT,\x82 EXT1,\x83 EXT2,\x84 EXT4,i INST,o OBJ,\x92 NEWOBJ_EX,P PERSID";
  test.each(others.split(",").map((item) => [item.slice(2), item[0]]))("the instruction %s", async (name, code) => {
    const error = await refusal("NN", code, "os\nsystem\n");
    expect(error.message).toMatch(`m.bin: ${name} at byte 4 of the pickle is an instruction that torch.save`);
  });

  test("bytes that are no instruction", async () => {
    const known = new Set([
      ..."IJKMLNVXF]ae l)t}dsu(021ghjpqrcRbio.PQGSTUBC",
      ..."\x80\x81\x82\x83\x84\x85\x86\x87\x88\x89",
    ]);
    for (let code = 0; code < 256; code++) {
      const text = String.fromCharCode(code);
      if (known.has(text) || (code >= 0x8a && code <= 0x98)) continue;
      const error = await refusal(code);
      expect(error.message).toMatch(
        `the byte 0x${code.toString(16).padStart(2, "0")} at byte 2 of the pickle is not a pickle instruction`,
      );
    }
  });

  const ordered = op.global("collections", "OrderedDict");
  const rebuild = op.global("torch._utils", "_rebuild_tensor_v2");
  const parameter = op.global("torch._utils", "_rebuild_parameter");
  const type = op.global("torch", "FloatStorage");
  const storage = [op.text("storage"), type, op.text("0"), op.text("cpu"), op.int(4)];
  const hooks = bytesOf(ordered, ")R");
  test.each<[string, (number | string | Uint8Array)[], string]>([
    ["protocol 6", [0x80, 6], "PROTO at byte 2 of the pickle is protocol 6, but torch.save writes protocols 2 to 5"],
    ["a name that is no text", ["](NNe", op.text("os"), "\x93"], "names something by what is not a text"],
    [
      "a name of the stack",
      [op.text("os"), op.text("system"), "\x93"],
      'STACK_GLOBAL at byte 20 of the pickle names "os.system"',
    ],
    ["an object of a function", [op.global("torch._utils", "_rebuild_tensor_v2"), ")\x81"], "NEWOBJ at byte"],
    ["items of a list in a set", ["](N\x90"], "adds to a list"],
    ["call of no global", ["})R"], "calls a dict"],
    ["call of a storage class", [type, ")R"], "calls torch.FloatStorage with arguments"],
    ["call without a tuple", [ordered, "]R"], "calls collections.OrderedDict"],
    ["OrderedDict of something", [ordered, "]", 0x85, "R"], "calls collections.OrderedDict with arguments"],
    ["tensor of nothing", [rebuild, ")R"], "_rebuild_tensor_v2 with arguments"],
    ["parameter of a dict", [parameter, "}", 0x85, "R"], "_rebuild_parameter with arguments"],
    ["persistent id that is no tuple", ["]Q"], "BINPERSID at byte 3 of the pickle refers to something"],
    ["persistent id that is a module", [op.tuple(op.text("module"), ...storage.slice(1)), "Q"], "not a storage"],
    ["storage of a function", [op.tuple(storage[0], ordered, ...storage.slice(2)), "Q"], "not a storage"],
    ["storage of negative size", [op.tuple(...storage.slice(0, 4), op.int(-4)), "Q"], "not a storage"],
    ["storage that is a view", [op.tuple(...storage, op.tuple(op.text("1"))), "Q"], "not a storage"],
    ["attributes of a dict", ["}}b"], "BUILD at byte 4 of the pickle sets attributes of a dict"],
    ["attributes of a global", [ordered, "}b"], "sets attributes of collections.OrderedDict"],
    ["attributes that are a tuple", [hooks, ")b"], "sets attributes of a dict"],
    ["item of a list", ["]NNs"], "sets an item of a list"],
    ["item of a global", [ordered, "NNs"], "sets an item of collections.OrderedDict"],
    ["a key twice that is a value", ["}(K", 1, "NK", 1, "Nu"], 'sets the key "1" a second time'],
    ["attributes of a number", ["K", 1, "}b"], "sets attributes of a number"],
    ["items of a set", [op.global("builtins", "set"), ")RNNs"], "sets an item of a builtins.set"],
    ["a call of what a call made", [op.global("builtins", "set"), ")R)R"], "calls a builtins.set"],
    [
      "a subclass of a subclass, without end",
      [SUBCLASS, op.tuple(SUBCLASS, op.global("torch", "Tensor"), ")", "}"), "R"],
      "with arguments that torch.save does not write",
    ],
    ["key without value", ["}(Nu"], "sets a key without a value"],
    ["a key twice", ["}(", op.text("a"), "N", op.text("a"), "Nu"], 'sets the key "a" a second time'],
    ["append to a dict", ["}Na"], "appends to a dict"],
    ["empty stack", ["R"], "REDUCE at byte 2 of the pickle takes a value off an empty stack"],
    ["empty stack below a mark", ["N(a"], "takes a value off an empty stack"],
    ["no mark", ["Nt"], "TUPLE at byte 3 of the pickle needs a mark on the stack"],
    ["nothing to remember", ["q", 0], "needs a value on the stack"],
    ["nothing remembered", ["h", 9], "BINGET at byte 2 of the pickle recalls value 9"],
    ["two values at the end", ["NN"], "STOP at byte 4 of the pickle leaves values on the stack"],
    ["a mark at the end", ["(N"], "leaves values on the stack"],
    ["long name", [`c${"x".repeat(300)}\n`], "has a name of more than 255 bytes"],
    [
      "17 dimensions",
      [rebuild, "(", op.tuple(...storage), "QK", 0, op.tuple("K\x01".repeat(17)), op.tuple("K\x01".repeat(17)), "tR"],
      "with arguments that torch.save does not write",
    ],
    [
      "strides of another rank",
      [rebuild, "(", op.tuple(...storage), "QK", 0, op.tuple("K\x01"), op.tuple("K\x01K\x01"), "tR"],
      "with arguments that torch.save does not write",
    ],
  ])("%s", async (_, program, message) => {
    const error = await refusal(...program);
    expect([error.code, error.message]).toEqual(["invalid_weights", expect.stringContaining(message)]);
  });

  test.each<[string, string, number, string]>([
    ["values", "N", 1_000_001, "puts more than 1000000 values on the stack"],
    ["marks", "(", 1_000_001, "puts more than 1000000 values on the stack"],
    ["containers", "]", 500_001, "makes more than 500000 containers"],
  ])("a million %s", async (_, instruction, count, message) => {
    expect((await refusal(instruction.repeat(count))).message).toMatch(message);
  });

  test("memo entries without end", async () => {
    const puts = new Uint8Array(5 * 2_000_001);
    const view = new DataView(puts.buffer);
    for (let i = 0; i < 2_000_001; i++) {
      puts[5 * i] = "r".charCodeAt(0);
      view.setUint32(5 * i + 1, i, true);
    }
    expect((await refusal("N", puts)).message).toMatch("remembers more than 2000000 values");
  });

  test("a structure that doubles at each step costs nothing", () => {
    // A list of two references to a list of two references ..., 200 levels: 2^200 leaves if anybody followed them.
    const level = (i: number) => bytesOf("](h", i, "h", i, "eq", i + 1);
    const levels = Array.from({ length: 200 }, (_, i) => level(i));
    expect((value("(]q", 0, ...levels, "t") as Tuple).items.length).toBe(201);
  });
});
