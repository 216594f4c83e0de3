/** A tokenizer whose arguments are checked: whatever a caller passes, the answer is a result or a `ModelError`. */

import { ModelError, quote } from "../errors";
import { withoutNulls } from "../util/given";
import type { EncodeOptions, Tokenizer } from "./tokenizer";

/** A list of integers of any kind, as numbers. */
function checkedIds(ids: unknown): number[] {
  const isList = Array.isArray(ids) || (ArrayBuffer.isView(ids) && !(ids instanceof DataView));
  if (!isList) throw new ModelError("invalid_input", `decode: the token ids must be a list, not ${quote(ids)}.`);
  return Array.from(ids as ArrayLike<unknown>, (id, i) => {
    const value = typeof id === "bigint" ? Number(id) : id;
    if (Number.isSafeInteger(value)) return value as number;
    const hint = typeof id === "object" && id !== null ? "Decode one row at a time." : undefined;
    throw new ModelError("invalid_input", `decode: token id ${i} is ${quote(id)}, not an integer.`, hint);
  });
}

/** Without what is null, which stands for what is left out. */
function checkedOptions(options: EncodeOptions | null | undefined): EncodeOptions | undefined {
  if (options === undefined || options === null) return undefined;
  if (typeof options === "object" && !Array.isArray(options)) return withoutNulls(options);
  throw new ModelError("invalid_option", `encode: the options must be an object, not ${quote(options)}.`);
}

export function checkedTokenizer(tokenizer: Tokenizer): Tokenizer {
  return {
    ...tokenizer,
    encode: (text, options) => tokenizer.encode(text, checkedOptions(options)),
    decode: (ids) => tokenizer.decode(checkedIds(ids)),
    token: (id) => (Number.isSafeInteger(id) ? tokenizer.token(id) : ""),
  };
}
