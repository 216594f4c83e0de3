/** The operations as models call them: checks the operands, makes the results, and has a backend compute them. */

import type { DType, Tensor } from "../tensor/tensor";
import { Result } from "./contract";
import { contract, type Implementation, type MoreOperations, type Operations } from "./operations";

/** What a backend does while a plan is recorded. */
export interface PlanRecorder {
  /** A tensor that lives as long as the plan. */
  temporary(this: void, shape: readonly number[], dtype: DType): Tensor;
  /**
   * Takes one operation. A backend that computes on the arrays keeps `compute` and calls it whenever the plan runs; one
   * that notes commands for a device calls it at once.
   * @param operation its name, for messages
   */
  append(this: void, compute: () => void, operation: string): void;
}

type Check = (...operands: unknown[]) => Result | Record<string, Result | Tensor> | undefined;
type Compute = (...tensors: unknown[]) => void;

export function createOperations(
  recorder: PlanRecorder,
  implementation: Implementation,
  more?: MoreOperations,
): Operations {
  // The types of the operands of each are those that `Operations` gives it.
  const checks = { ...contract, ...more?.contract } as unknown as Record<keyof Operations, Check>;
  const computes = implementation as unknown as Record<keyof Operations, Compute>;

  const make = (made: Result | Tensor): Tensor =>
    made instanceof Result ? recorder.temporary(made.shape, made.dtype) : made;

  function front(name: keyof Operations): (...operands: unknown[]) => unknown {
    const [check, compute] = [checks[name], computes[name]];
    return (...operands) => {
      const results = check(...operands);
      if (!results) return recorder.append(() => compute(...operands), name);
      const made =
        results instanceof Result
          ? make(results)
          : Object.fromEntries(Object.entries(results).map(([key, value]) => [key, make(value)]));
      recorder.append(() => compute(made, ...operands), name);
      return made;
    };
  }

  const names = Object.keys(checks) as (keyof Operations)[];
  return Object.fromEntries(names.map((name) => [name, front(name)])) as unknown as Operations;
}
