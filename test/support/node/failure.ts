/** The ModelError that a call throws, or that it rejects with; anything else fails the test. */

import { expect } from "vitest";
import { ModelError } from "../../../src/errors";

function modelError(error: unknown): ModelError {
  expect(error).toBeInstanceOf(ModelError);
  return error as ModelError;
}

export async function failureOf(call: () => unknown): Promise<ModelError> {
  try {
    await call();
  } catch (error) {
    return modelError(error);
  }
  return expect.fail("nothing was thrown");
}

/** Of a call that does not wait. */
export function failureNow(call: () => unknown): ModelError {
  try {
    call();
  } catch (error) {
    return modelError(error);
  }
  return expect.fail("nothing was thrown");
}
