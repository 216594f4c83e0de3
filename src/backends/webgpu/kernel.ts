/**
 * What TypeScript knows of a kernel: its shader files, its bindings and its parameters, by the names that they have in WGSL.
 * test/backends/webgpu/kernels.test.ts compares names, order, access and types with the WGSL of every kernel.
 *
 * Numbers that both sides count with are constants of TypeScript, which are put in front of the WGSL as `const NAME = 3u;`.
 * So a shader may use names in capitals that no shader file declares: they are in the `constants` of the kernel.
 */

import { bitsOf } from "../../tensor/tensor";

type Access = "read" | "write";
type ParamType = "u32" | "i32" | "f32";

interface Description<Binding extends string, Param extends string> {
  /** Unique; also the label in error messages and profiles. */
  name: string;
  /** The text of files of shaders/, by their names, in the order in which they are put together. */
  shader: Readonly<Record<string, string>>;
  /** "main" where absent. */
  entryPoint?: string;
  /** The storage buffers, in the order of their @binding numbers; the parameters follow as uniform buffer. */
  bindings: Readonly<Record<Binding, Access>>;
  /** The fields of the WGSL struct of parameters, in order. */
  params: Readonly<Record<Param, ParamType>>;
  /** Numbers that WGSL shares with TypeScript: whole numbers from 0 on become u32, others f32. */
  constants?: Readonly<Record<string, number>>;
  /** Values of the `override` declarations: what depends on the tuning. */
  overrides?: Readonly<Record<string, number>>;
}

export interface Kernel<Binding extends string = string, Param extends string = string> extends Description<
  Binding,
  Param
> {
  readonly entryPoint: string;
  /** All of the WGSL. */
  readonly code: string;
}

/** Workgroups of a dispatch. */
export type Grid = [x: number, y: number, z: number];

/** What the parts of a kernel are called that no file holds. */
const constantsOf = (name: string): string => `constants of ${name}`;

const lineBreaks = (text: string): number => text.split("\n").length - 1;

export function kernel<Binding extends string, Param extends string>(
  description: Description<Binding, Param>,
): Kernel<Binding, Param> {
  const { name, shader, constants = {}, entryPoint = "main" } = description;
  const block = Object.entries(constants).map(([constant, value]) => `const ${constant} = ${literal(value)};\n`);
  // WGSL wants this in front of everything, and not in the file that needs it.
  if (Object.values(shader).some((text) => /\bsubgroup[A-Z]/.test(text))) block.unshift("enable subgroups;\n");
  // Each part begins on a line of its own, so that locate() can count lines.
  const parts = Object.entries({ [constantsOf(name)]: block.join(""), ...shader }).map(
    ([file, text]): [string, string] => [file, text === "" || text.endsWith("\n") ? text : `${text}\n`],
  );
  const code = parts.map(([, text]) => text).join("");
  return { ...description, shader: Object.fromEntries(parts), entryPoint, code };
}

function literal(value: number): string {
  if (Number.isInteger(value) && value >= 0 && value <= 0xffffffff) return `${value}u`;
  const text = String(Math.fround(value));
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** The part of a kernel's code that a line (from 1) lies in, and the line within it. */
export function locate({ shader, name }: Kernel, line: number): { file: string; line: number } {
  for (const [file, text] of Object.entries(shader)) {
    const lines = lineBreaks(text);
    if (line <= lines) return { file, line };
    line -= lines;
  }
  return { file: name, line };
}

/** Values of the parameters; true is 1. */
export type ParamValues<Param extends string> = Readonly<Record<Param, number | boolean>>;

/** The words of the uniform buffer. */
export function paramWords<Param extends string>(
  { name, params }: Kernel<string, Param>,
  values: ParamValues<Param>,
): number[] {
  return (Object.entries(params) as [Param, ParamType][]).map(([param, type]) => {
    const value = Number(values[param]);
    if (type === "f32") return bitsOf(value);
    if (!Number.isInteger(value)) throw new RangeError(`${name}: ${param} is ${value}`);
    return value >>> 0;
  });
}
