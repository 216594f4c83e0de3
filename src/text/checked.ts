/** A tokenizer whose arguments are checked: whatever a caller passes, the answer is a result or a `ModelError`. */

import { ModelError, quote } from "../errors";
import { withoutNulls } from "../util/given";
import type { DecodeOptions, DecoderPromptOptions, SpeechTokens, Tokenizer } from "./tokenizer";

/** A list of integers of any kind, as numbers. */
function checkedIds(ids: unknown, where = "decode"): number[] {
  const isList = Array.isArray(ids) || (ArrayBuffer.isView(ids) && !(ids instanceof DataView));
  if (!isList) throw new ModelError("invalid_input", `${where}: the token ids must be a list, not ${quote(ids)}.`);
  return Array.from(ids as ArrayLike<unknown>, (id, i) => {
    const value = typeof id === "bigint" ? Number(id) : id;
    if (Number.isSafeInteger(value)) return value as number;
    const hint = typeof id === "object" && id !== null ? "Decode one row at a time." : undefined;
    throw new ModelError("invalid_input", `${where}: token id ${i} is ${quote(id)}, not an integer.`, hint);
  });
}

/** Without what is null, which stands for what is left out. */
function checkedOptions<T extends object>(where: string, options: T | null | undefined, names?: readonly string[]) {
  if (options === undefined || options === null) return undefined;
  if (typeof options !== "object" || Array.isArray(options))
    throw new ModelError("invalid_option", `${where}: the options must be an object, not ${quote(options)}.`);
  const given = withoutNulls(options);
  const unknown = names && Object.keys(given).find((name) => !names.includes(name));
  if (unknown === undefined) return given;
  throw new ModelError("unsupported_option", `${where}: there is no option ${quote(unknown)}.`);
}

function checkedDecodeOptions(options: DecodeOptions | null | undefined, { speech }: Tokenizer) {
  const checked = checkedOptions<DecodeOptions>("decode", options, ["decode_with_timestamps"]);
  const value = checked?.decode_with_timestamps;
  if (value !== undefined && typeof value !== "boolean")
    throw new ModelError(
      "invalid_option",
      `decode: decode_with_timestamps must be true or false, not ${quote(value)}.`,
    );
  if (value && !speech)
    throw new ModelError("unsupported_option", "decode: only Whisper's tokenizer has decode_with_timestamps.");
  return checked;
}

const PROMPT_OPTIONS: readonly (keyof DecoderPromptOptions)[] = ["language", "task", "no_timestamps"];

const checkedSpeech = (speech: SpeechTokens): SpeechTokens => ({
  offsets: (ids) => speech.offsets(checkedIds(ids, "offsets")),
  promptIds: (text) => speech.promptIds(text),
  decoderPromptIds: (options) => speech.decoderPromptIds(checkedOptions("decoderPromptIds", options, PROMPT_OPTIONS)),
});

export function checkedTokenizer(tokenizer: Tokenizer): Tokenizer {
  const { speech } = tokenizer;
  return {
    ...tokenizer,
    encode: (text, options) => tokenizer.encode(text, checkedOptions("encode", options)),
    decode: (ids, options) => tokenizer.decode(checkedIds(ids), checkedDecodeOptions(options, tokenizer)),
    token: (id) => (Number.isSafeInteger(id) ? tokenizer.token(id) : ""),
    ...(speech && { speech: checkedSpeech(speech) }),
  };
}
