/** What calls of models that read sound take and return. */

import { ModelError, quote } from "../errors";
import type { Request } from "../generation/request";
import type { ModelInfo } from "../models/model";
import { withoutNulls } from "../util/given";

/** The sound of a call: an object, not token ids. */
export function speechInput(where: string, given: unknown, { features }: ModelInfo): object {
  if (typeof given === "object" && given !== null && !Array.isArray(given) && !ArrayBuffer.isView(given))
    return withoutNulls(given);
  const name = features?.name;
  const message = `${where}: this model reads sound: pass { ${name} }, not ${quote(given)}.`;
  throw new ModelError("invalid_input", message);
}

/** The new tokens of each sequence, without the token that ended it. */
export function generatedOf(sequences: readonly number[][], { config }: Request): number[][] {
  return sequences.map((sequence) => {
    const tokens = sequence.slice(config.promptLength);
    return config.eosTokenIds.includes(tokens[tokens.length - 1]) ? tokens.slice(0, -1) : tokens;
  });
}
