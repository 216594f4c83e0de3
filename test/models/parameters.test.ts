/** What a model declares of a checkpoint: names, shapes, what is missing and what is shared. */

import { describe, expect, test } from "vitest";
import { contents, counting, FILE, setUp } from "../support/node/parameters";
import { failureNow } from "../support/node/failure";

describe("check", () => {
  test("exactly the declared names pass", () => {
    const { parameters } = setUp(["a", [2, 3]], ["n.weight", [4]], ["n.bias", [4]], ["b", [5]]);
    parameters.tensor("a", [2, 3]);
    parameters.norm("n", 4, 1e-5);
    parameters.bias("b", 5);
    parameters.check(FILE);
  });

  test("a missing tensor, a missing gain", () => {
    const { parameters } = setUp("b");
    parameters.tensor("a", [2]);
    parameters.norm("n", 2, 1e-5);
    parameters.tensor("b", [2]);
    const error = failureNow(() => parameters.check(FILE));
    expect(error.code).toBe("missing_tensor");
    expect(error.message).toBe(`${FILE}: missing tensors that config.json asks for: a, n.weight.`);
  });

  test("names with a prefix that is not the model's: the hint says it", () => {
    const { parameters } = setUp("module.model.b.weight", "module.model.a.weight");
    parameters.setPrefix("model.");
    for (const name of ["model.a.weight", "model.b.weight"]) parameters.tensor(name, [2]);
    expect(failureNow(() => parameters.check(FILE)).hint).toBe(
      'The file has them with "module." before their names, from a wrapper of the model. Save the state dict of the model itself.',
    );
    const { parameters: other } = setUp("module.other");
    other.tensor("a", [2]);
    expect(failureNow(() => other.check(FILE)).hint).toBeUndefined();
  });

  test("tensors that nothing reads are returned; a missing one is an error all the same", () => {
    const { parameters } = setUp("a", "toString", "z", ["twin", [2], "a"], ["unread twin", [2], "z"], "ignored");
    parameters.tensor("a", [2]);
    parameters.ignore("ignored");
    expect(parameters.check(FILE)).toEqual(["toString", "z", "unread twin"]);
    parameters.tensor("b", [2]);
    expect(failureNow(() => parameters.check(FILE)).code).toBe("missing_tensor");
  });

  test("of many missing names eight are named, and how many there are", () => {
    const { parameters } = setUp();
    for (let i = 0; i < 30; i++) parameters.tensor(`t${i}`, [1]);
    const { message } = failureNow(() => parameters.check(FILE));
    expect(message).toContain("t0, t1, t2, t3, t4, t5, t6, t7, … (30).");
  });

  test("names with and without the prefix of the bare model", () => {
    const { parameters } = setUp("model.a", "b", "model.head", "bare.c", "both", "model.both");
    parameters.setPrefix("model.");
    for (const name of ["model.a", "model.b", "head", "both"]) parameters.tensor(name, [2]);
    expect(parameters.check(FILE)).toEqual(["bare.c", "model.both"]);
    for (const name of ["model.a", "b", "model.head", "both"]) expect(parameters.wants(name), name).toBe(true);
    expect([parameters.has("model.c"), parameters.rowCount("a")]).toEqual([false, 2]);
  });
});

describe("check of shapes", () => {
  test.each([[[2, 4]], [[3, 2]], [[6]], [[2, 3, 1]], [[]]])("%j is not (2, 3)", (shape) => {
    const { parameters } = setUp(["a", shape]);
    parameters.tensor("a", [2, 3]);
    const error = failureNow(() => parameters.check(FILE));
    expect(error.code).toBe("wrong_shape");
    expect(error.message).toBe(`${FILE}: tensor "a" has shape (${shape.join(", ")}), config.json asks for (2, 3).`);
  });

  test("the shape of a packed tensor is that of the whole", () => {
    const whole = setUp(["packed", [6, 2]]).parameters;
    whole.rows("packed", [6, 2], 2, 4);
    whole.check(FILE);
    const part = setUp(["packed", [4, 2]]).parameters;
    part.rows("packed", [6, 2], 2, 4);
    expect(failureNow(() => part.check(FILE)).code).toBe("wrong_shape");
  });

  test("rows of the checkpoint can be asked for", () => {
    const { parameters } = setUp(["positions", [77, 8]]);
    expect(parameters.rowCount("positions")).toBe(77);
    expect(parameters.rowCount("absent")).toBeUndefined();
  });
});

test("what the checkpoint cannot fill takes no memory", () => {
  const { ops, parameters } = setUp(["a", [2, 3]]);
  parameters.tensor("a", [1_000_000, 1_000_000]);
  parameters.tensor("absent", [1_000_000, 1_000_000]);
  parameters.norm("n", 1_000_000_000, 1e-5);
  expect(ops.memory().weights).toBe(0);
  expect(failureNow(() => parameters.check(FILE)).code).toBe("missing_tensor");
});

test("every declaration counts as weights", () => {
  const { ops, parameters } = setUp(["a", [2, 3]], ["n.weight", [4]]);
  parameters.tensor("a", [2, 3]);
  parameters.norm("n", 4, 1e-5);
  parameters.bias("absent", 5);
  expect(ops.memory()).toEqual({ weights: 4 * (6 + 8 + 5), cache: 0, activations: 0, staging: 0 });
});

describe("what Hugging Face's checkpoints need", () => {
  test("stacked: tensors one under the other, biases too", async () => {
    const { ops, parameters } = setUp(["q", [2, 3]], ["k", [2, 3]], ["qb", [2]], ["kb", [2]]);
    const weight = parameters.stacked(["q", "k"], [2, 3]);
    const bias = parameters.stacked(["qb", "kb"], [2]);
    parameters.check(FILE);
    parameters.fill(FILE, "k", counting(6, 10));
    parameters.fill(FILE, "q", counting(6));
    parameters.fill(FILE, "kb", counting(2, 8));
    parameters.fill(FILE, "qb", counting(2));
    expect([weight.shape, bias.shape]).toEqual([[4, 3], [4]]);
    expect(await contents(ops, weight)).toEqual([1, 2, 3, 4, 5, 6, 10, 11, 12, 13, 14, 15]);
    expect(await contents(ops, bias)).toEqual([1, 2, 8, 9]);
  });

  test("logitsBias: a bias stored as one row, in pieces", async () => {
    const { ops, parameters } = setUp(["b", [1, 5]]);
    const bias = parameters.logitsBias("b", 5, [1, 5]);
    parameters.check(FILE);
    parameters.fill(FILE, "b", counting(5));
    expect([bias.shape, await contents(ops, bias)]).toEqual([[5], [1, 2, 3, 4, 5]]);
  });

  test("a matrix asked for twice is one tensor; tensorOf takes the first name that is there", () => {
    const { parameters } = setUp(["shared", [3, 2]], ["head", [3, 2]]);
    const shared = parameters.tensorOf(["own", "shared", "head"], [3, 2]);
    expect(parameters.tensor("shared", [3, 2])).toBe(shared);
    expect(parameters.tensorOf(["head", "shared"], [3, 2])).not.toBe(shared);
    parameters.check(FILE);
  });

  test("tensorOf names its first where none is there", () => {
    const { parameters } = setUp();
    parameters.tensorOf(["own", "shared"], [3, 2]);
    expect(failureNow(() => parameters.check(FILE)).message).toContain(": own.");
  });

  test("names that share memory are one tensor, read once", async () => {
    const { ops, parameters } = setUp(["shared", [2, 2]], ["embed", [2, 2], "shared"], ["head", [2, 2], "shared"]);
    const embed = parameters.tensor("embed", [2, 2]);
    expect(parameters.tensor("head", [2, 2])).toBe(embed);
    parameters.ignore("shared");
    parameters.check(FILE);
    expect(["shared", "embed", "head"].map((name) => parameters.wants(name))).toEqual([true, false, false]);
    parameters.fill(FILE, "shared", counting(4));
    expect(await contents(ops, embed)).toEqual([1, 2, 3, 4]);
    expect(ops.memory().weights).toBe(16);
  });

  test("an ignored name may be there, of any shape, and is not read", () => {
    const { parameters } = setUp(["a", [2]], ["version", [1]]);
    parameters.tensor("a", [2]);
    parameters.ignore("version", "absent");
    parameters.check(FILE);
    expect([parameters.wants("a"), parameters.wants("version")]).toEqual([true, false]);
  });

  test("zeros of one length are one tensor; a norm may be of root mean square", () => {
    const { parameters } = setUp(["n.weight", [3]]);
    expect(parameters.zeros(4)).toBe(parameters.zeros(4));
    expect(parameters.norm("n", 3, 1e-6, "rms")).toMatchObject({ kind: "rms", eps: 1e-6 });
  });
});
