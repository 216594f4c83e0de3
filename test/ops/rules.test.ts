/**
 * Every tensor that an operation is given is checked when it is recorded: in the cases of the table, one of another shape is refused.
 * What the message says of a rule, and rules about several operands, are in shapes.test.ts.
 */

import { beforeAll, describe, expect, it } from "vitest";
import { createCpuBackend } from "../../src/backends/cpu/backend";
import { audio } from "../../src/ops/audio";
import { contract } from "../../src/ops/operations";
import type { Ops } from "../../src/ops/ops";
import type { Tensor } from "../../src/tensor/tensor";
import { more } from "../support/shared/audio-operations";
import { operationNames } from "../support/shared/op-bench";
import { opCases } from "../support/shared/op-cases";

type Check = (...operands: unknown[]) => unknown;
const checks = { ...contract, ...audio } as unknown as Record<string, Check>;

const isTensor = (value: unknown): value is Tensor =>
  typeof value === "object" && value !== null && "shape" in value && "dtype" in value;

/** The tensors among operands and inside of options, by where they are: ["1", "norm", "weights"]. */
function tensorsIn(value: unknown, path: string[] = []): [path: string[], tensor: Tensor][] {
  if (isTensor(value)) return [[path, value]];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => tensorsIn(inner, [...path, key]));
}

function replaced(value: unknown, [key, ...rest]: readonly string[], tensor: Tensor): unknown {
  if (key === undefined) return tensor;
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) }) as Record<string, unknown>;
  copy[key] = replaced(copy[key], rest, tensor);
  return copy;
}

/** A dimension more, one less, the first or the last longer. */
const otherShapes = (shape: readonly number[]): number[][] => [
  [...shape, 1],
  shape.slice(1),
  shape.map((n, i) => (i === 0 ? n + 1 : n)),
  shape.map((n, i) => (i === shape.length - 1 ? n + 1 : n)),
];

function isRefused(name: string, operands: unknown[]): boolean {
  try {
    checks[name](...operands);
    return false;
  } catch {
    return true;
  }
}

interface Use {
  operation: string;
  place: string;
  tensor: Tensor;
  isChecked: boolean;
}

/** Every tensor that an operation was given and has read, in all cases of the table. */
async function usesInCases(): Promise<Use[]> {
  const cpu = createCpuBackend("f32", more);
  const given: Use[] = [];
  /** By tensor: the operations that have read its elements. */
  const readers = new Map<Tensor, Set<string>>();
  let running = "";
  const noted = (operation: string) => {
    const call = cpu[operation as keyof Ops] as (...operands: unknown[]) => unknown;
    return (...operands: unknown[]): unknown => {
      for (const [path, tensor] of tensorsIn(operands)) {
        const isChecked = otherShapes(tensor.shape).some((shape) =>
          isRefused(operation, replaced(operands, path, { ...tensor, shape }) as unknown[]),
        );
        given.push({ operation, place: path.join("."), tensor, isChecked });
      }
      return call(...operands);
    };
  };
  const create: Ops["create"] = (...args) => {
    const tensor = cpu.create(...args);
    let { data } = tensor as unknown as { data: unknown };
    readers.set(tensor, new Set());
    return Object.defineProperty(tensor, "data", {
      get: () => (readers.get(tensor)?.add(running), data),
      set: (value: unknown) => (data = value),
    });
  };
  const record: Ops["record"] = async (...args) => {
    const plan = await cpu.record(...args);
    for (const command of (plan as unknown as { commands: { operation: string; compute: () => void }[] }).commands) {
      const { operation, compute } = command;
      command.compute = () => {
        running = operation;
        compute();
        running = "";
      };
    }
    return plan;
  };
  const calls = Object.fromEntries(operationNames.map((name) => [name, noted(name)]));
  for (const { run } of opCases) await run({ ...cpu, ...calls, create, record });
  // What an operation of the same case has made is taken for read.
  return given.filter(({ operation, tensor }) => readers.get(tensor)?.has(operation) ?? true);
}

describe("the tensors of an operation", () => {
  let uses: Use[];
  beforeAll(async () => {
    uses = await usesInCases();
  });

  it.each(operationNames)("%s: each that it reads is checked", (name) => {
    const own = uses.filter(({ operation }) => operation === name);
    const places = [...new Set(own.map(({ place }) => place))];
    expect(places.length).toBeGreaterThan(0);
    // What is alone may have any shape.
    if (places.length === 1) return;
    const isChecked = (place: string) => own.some((use) => use.place === place && use.isChecked);
    expect(places.filter((place) => !isChecked(place))).toEqual([]);
  });
});
