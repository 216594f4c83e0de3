/**
 * How an operation is described, once for all backends: a function of its operands that checks them and says what the
 * operation makes. From that come the types of `ops.linear(x, w, options)` for models and of the same operation for those
 * who compute it; front.ts puts the two together.
 *
 *   contract        linear(x, w, options)     -> result([B, T, N])     checks; `src/ops/linear.ts`
 *   for models      linear(x, w, options)     -> Tensor
 *   for a backend   linear(y, x, w, options)  -> nothing               computes; `src/backends/NAME/linear.ts`
 */

import { invariant } from "../errors";
import { shapeText, type DType, type Tensor } from "../tensor/tensor";

/** A tensor that an operation makes. */
export class Result {
  constructor(
    readonly shape: readonly number[],
    readonly dtype: DType,
  ) {}
}

/** @param dtype "f32" where absent */
export const result = (shape: readonly number[], dtype: DType = "f32"): Result => new Result(shape, dtype);

/**
 * What an operation makes: one tensor, several under names (a tensor that was given stands for itself), or nothing, where
 * it changes its operands.
 */
type Results = Result | { readonly [name: string]: Result | Tensor } | void;

/** Operations by name. */
export type Contract = Readonly<Record<string, (...operands: never[]) => Results>>;

/** `Results` once they are made. */
type Made<R> = R extends Result ? Tensor : R extends object ? { [Name in keyof R]: Tensor } : undefined;

/** What the operations are for a model: operands to results. */
export type OperationsOf<C extends Contract> = {
  [Name in keyof C]: (
    ...operands: Parameters<C[Name]>
  ) => ReturnType<C[Name]> extends void ? void : Made<ReturnType<C[Name]>>;
};

/**
 * What the operations are for a backend: the results come first, already made (an operation without results has no such argument), then the
 * operands, already checked.
 */
export type ImplementationOf<C extends Contract> = {
  [Name in keyof C]: (
    ...tensors: ReturnType<C[Name]> extends void
      ? Parameters<C[Name]>
      : [made: Made<ReturnType<C[Name]>>, ...operands: Parameters<C[Name]>]
  ) => void;
};

/** The rule of an operation about one of its tensors: `null` in `expected` stands for any length. */
export function expectShape(
  op: string,
  name: string,
  tensor: Tensor,
  expected: readonly (number | null)[],
  dtypes: readonly DType[] = ["f32", "u32"],
): void {
  invariant(dtypes.includes(tensor.dtype), `${op}: ${name} is stored as ${tensor.dtype}`);
  const fits = tensor.shape.length === expected.length && expected.every((n, i) => n === null || n === tensor.shape[i]);
  invariant(
    fits,
    `${op}: ${name} has shape ${shapeText(tensor.shape)}, expected (${expected.map((n) => n ?? "any").join(", ")})`,
  );
}
