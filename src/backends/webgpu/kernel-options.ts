/** `kernels` of a load: which fields of the tuning a caller may set, and to what. */

import { ModelError, quote } from "../../errors";
import type { Tuning } from "./tuning";

const whole =
  (from: number, to: number) =>
  (value: unknown): boolean =>
    Number.isInteger(value) && (value as number) >= from && (value as number) <= to;

const CHOICES: { [Field in keyof Tuning]: readonly Tuning[Field][] | ((value: unknown) => boolean) } = {
  matvec: ["thread", "group", "rows", "auto"],
  matmul: ["register", "tile64", "tile32", "tile16", "tiles"],
  matmulRows: whole(2, 1024),
  fullGrid: whole(1, 65_535),
  attention: ["thread", "group", "split"],
  selection: ["row", "parts"],
  reduction: ["levels", "subgroups"],
  workgroup: [16, 32, 64],
};

/** @throws ModelError "invalid_option" where a field or its value is not one of the tuning */
export function checkKernels(given: Partial<Tuning>): Partial<Tuning> {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(CHOICES, name)) {
      const names = Object.keys(CHOICES).join(", ");
      throw new ModelError("invalid_option", `load: kernels has no field ${quote(name)}; there are ${names}.`);
    }
    const choices: readonly unknown[] | ((value: unknown) => boolean) = CHOICES[name as keyof Tuning];
    const fits = typeof choices === "function" ? choices(value) : choices.includes(value);
    const list = typeof choices === "function" ? "a whole number that makes sense" : choices.map(quote).join(", ");
    if (!fits) throw new ModelError("invalid_option", `load: kernels.${name} must be ${list}, not ${quote(value)}.`);
  }
  return given;
}
