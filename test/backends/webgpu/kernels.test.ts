/** What TypeScript says of each kernel is what its WGSL says: bindings and parameters by name, order, access and type. */

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { named } from "../../../src/backends/webgpu/constants";
import { kernel, locate, paramWords, type Kernel } from "../../../src/backends/webgpu/kernel";
import { copyKernel } from "../../../src/backends/webgpu/profiler";
import { kernelsOf } from "../../../src/backends/webgpu/operations";
import { more } from "../../support/shared/audio-operations";
import { EARLIER_GPU_TUNING, GPU_TUNING, SOFTWARE_TUNING } from "../../../src/backends/webgpu/tuning";
import { differences } from "../../support/shared/wgsl";

const variants = {
  gpu: kernelsOf(GPU_TUNING, more),
  rows: kernelsOf({ ...GPU_TUNING, matvec: "rows" }, more),
  subgroups: kernelsOf({ ...GPU_TUNING, reduction: "subgroups" }, more),
  earlier: kernelsOf(EARLIER_GPU_TUNING, more),
  software: kernelsOf(SOFTWARE_TUNING, more),
  profiler: [copyKernel],
};
const all = Object.entries(variants).flatMap(([variant, kernels]) =>
  kernels.map((kernel): [string, Kernel] => [`${kernel.name} (${variant})`, kernel]),
);

describe("the description of a kernel", () => {
  test.each(all)("%s", (_name, kernel) => {
    expect(differences(kernel)).toEqual([]);
  });

  /** The entries of a record with two neighbours exchanged. */
  const exchanged = <T>(record: Readonly<Record<string, T>>, at: number): Record<string, T> => {
    const entries = Object.entries(record);
    [entries[at], entries[at + 1]] = [entries[at + 1], entries[at]];
    return Object.fromEntries(entries);
  };

  test.each(all)("%s: any change of it is found", (_name, kernel) => {
    const { bindings, params, overrides } = kernel;
    const [binding] = Object.keys(bindings);
    const [param, ...rest] = Object.entries(params);
    const wrong: Partial<Kernel>[] = [
      ...Object.keys(bindings)
        .slice(1)
        .map((_, i) => ({ bindings: exchanged(bindings, i) })),
      ...Object.keys(bindings).map((name) => ({
        bindings: { ...bindings, [name]: bindings[name] === "read" ? ("write" as const) : ("read" as const) },
      })),
      { bindings: Object.fromEntries(Object.entries(bindings).filter(([name]) => name !== binding)) },
      { bindings: { ...bindings, more: "read" } },
      ...rest.map((_, i) => ({ params: exchanged(params, i) })),
      ...Object.keys(params).map((name) => ({
        params: { ...params, [name]: params[name] === "f32" ? ("u32" as const) : ("f32" as const) },
      })),
      { params: { [`${param[0]}s`]: param[1], ...Object.fromEntries(rest) } },
      { params: { ...params, more: "u32" } },
      { params: Object.fromEntries(rest) },
      { overrides: { ...overrides, MORE: 1 } },
      { entryPoint: "nowhere" },
    ];
    for (const change of wrong) expect(differences({ ...kernel, ...change })).not.toEqual([]);
  });

  test("names are unique within a variant", () => {
    for (const kernels of Object.values(variants)) {
      expect(new Set(kernels.map(({ name }) => name)).size).toBe(kernels.length);
    }
  });
});

describe("shader files", () => {
  const read = (file: string): string => readFileSync(new URL(`../../../shaders/${file}`, import.meta.url), "utf8");

  test("are named as they are on disk, and each is part of a kernel", () => {
    const files = new Set<string>();
    for (const [, { name, shader }] of all) {
      for (const [file, text] of Object.entries(shader)) {
        if (file === `constants of ${name}`) continue;
        expect(text).toBe(read(file));
        files.add(file);
      }
    }
    expect([...files].sort()).toEqual(readdirSync(new URL("../../../shaders", import.meta.url)).sort());
  });

  test.each(all)("%s: each line of the code is found in its file", (_name, kernel) => {
    const lines = kernel.code.split("\n").slice(0, -1);
    lines.forEach((text, i) => {
      const { file, line } = locate(kernel, i + 1);
      expect(kernel.shader[file].split("\n")[line - 1]).toBe(text);
    });
    expect(locate(kernel, lines.length).file).toBe(Object.keys(kernel.shader).at(-1));
  });
});

test("parameters become the words of their types, in the order of the struct, whatever the order of the values", () => {
  const example = kernel({
    name: "example",
    shader: {},
    bindings: {},
    params: { count: "u32", scale: "f32", least: "i32", flag: "u32" },
  });
  expect(paramWords(example, { flag: true, least: -2, scale: 1.5, count: 7 })).toEqual([7, 0x3fc00000, 0xfffffffe, 1]);
  expect(() => paramWords(example, { flag: true, least: 0, scale: 0, count: 1.5 })).toThrow("example: count is 1.5");
});

test("a kernel that uses subgroups enables them in front of everything", () => {
  const shader = { "add.wgsl": "fn add(x: f32) -> f32 {\n  return subgroupAdd(x);\n}\n" };
  const { code } = kernel({ name: "example", shader, bindings: {}, params: {}, constants: { N: 1 } });
  expect(code.split("\n").slice(0, 3)).toEqual(["enable subgroups;", "const N = 1u;", "fn add(x: f32) -> f32 {"]);
});

test("constants are WGSL of their kind, under names in capitals", () => {
  const constants = {
    ...named("FIELD", { maxLength: 3 }),
    LEAST: Math.fround(-3e38),
    HALF: 0.5,
    MINUS: -4,
    NONE: 0xffffffff,
  };
  const { code } = kernel({ name: "example", shader: {}, bindings: {}, params: {}, constants });
  expect(code.split("\n")).toEqual([
    "const FIELD_MAX_LENGTH = 3u;",
    `const LEAST = ${Math.fround(-3e38)};`,
    "const HALF = 0.5;",
    "const MINUS = -4.0;",
    "const NONE = 4294967295u;",
    "",
  ]);
});
