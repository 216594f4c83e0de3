/** The operations as models call them: checks the operands, makes the results, and has a backend compute them. */

import type { DType, Tensor } from "../tensor/tensor";
import { Result } from "./contract";
import { contract, type Implementation, type Operations } from "./operations";

/** What a backend does while a plan is recorded. */
export interface PlanRecorder {
  /** A tensor that lives as long as the plan. */
  temporary(this: void, shape: readonly number[], dtype: DType): Tensor;
  /**
   * Takes one operation. A backend that computes on the arrays keeps `compute` and calls it whenever the plan runs; one
   * that notes commands for a device calls it at once.
   */
  append(this: void, compute: () => void): void;
}

export function createOperations(recorder: PlanRecorder, implementation: Implementation): Operations {
  const make = (made: Result | Tensor): Tensor =>
    made instanceof Result ? recorder.temporary(made.shape, made.dtype) : made;

  /** One operation; the types of its operands are those that `Operations` gives it. */
  function front(name: keyof Operations) {
    const check = contract[name] as (...operands: unknown[]) => Result | Record<string, Result | Tensor> | undefined;
    const compute = implementation[name] as (...tensors: unknown[]) => void;
    return (...operands: unknown[]): unknown => {
      const results = check(...operands);
      if (!results) return recorder.append(() => compute(...operands));
      const made =
        results instanceof Result
          ? make(results)
          : Object.fromEntries(Object.entries(results).map(([key, value]) => [key, make(value)]));
      recorder.append(() => compute(made, ...operands));
      return made;
    };
  }

  const names = Object.keys(contract) as (keyof Operations)[];
  return Object.fromEntries(names.map((name) => [name, front(name)])) as unknown as Operations;
}
