/** The ModelError that a call throws or rejects with; anything else fails the test. */

import { expect } from "vitest";
import { ModelError } from "../../../src/errors";

export async function failureOf(call: () => unknown): Promise<ModelError> {
  try {
    await call();
  } catch (error) {
    expect(error).toBeInstanceOf(ModelError);
    return error as ModelError;
  }
  return expect.fail("nothing was thrown");
}
