/** What the options of a transcription and the files of a Whisper say together. */

import { ModelError, quote } from "../errors";
import type { Tokenizer } from "../text/tokenizer";
import type { SpeechTokenizer } from "./join-chunks";
import type { WhisperSizes } from "./model";
import type { TranscribePlan } from "./transcribe-plan";

/** @param isLong longer than one window */
export function timestampsOf({ given }: TranscribePlan, fromFile: boolean, isLong: boolean): false | true | "word" {
  const wanted = given.return_timestamps;
  if (wanted === false && isLong) {
    throw new ModelError(
      "invalid_option",
      "transcribe: sound that is longer than one window needs timestamps, so return_timestamps cannot be false.",
      "Leave it out, or set chunk_length_s or vad.",
    );
  }
  return wanted ?? (isLong || fromFile);
}

/** Pairs of layer and head. A distilled model may have the file of its teacher, which has more layers. */
export function alignmentHeads(file: Readonly<Record<string, unknown>>, sizes: WhisperSizes): number[][] {
  const pairs = file.alignment_heads;
  const limits = [sizes.decoderLayers, sizes.decoderHeads];
  const isPair = (value: unknown): boolean =>
    Array.isArray(value) &&
    value.length === 2 &&
    limits.every((limit, i) => Number.isSafeInteger(value[i]) && value[i] >= 0 && value[i] < limit);
  if (Array.isArray(pairs) && pairs.length > 0 && pairs.every(isPair)) return pairs as number[][];
  throw new ModelError(
    "unsupported_option",
    `transcribe: the times of words need alignment_heads in generation_config.json, of ${limits.join(" layers and ")} heads, not ${quote(pairs)}.`,
    "return_timestamps: true gives the times of segments.",
  );
}

/** The tokens of speech. Where the files name no timestamps, no token is one. */
export function speechTokenizer(
  tokenizer: Tokenizer,
  noTimestamps: number | undefined,
  eos: readonly number[],
  sot: number,
  { vocabSize }: WhisperSizes,
): SpeechTokenizer {
  const startofprev = tokenizer.encode("<|startofprev|>", { add_special_tokens: false });
  return {
    decode: (ids) => tokenizer.decode(ids),
    token: (id) => tokenizer.token(id),
    eot: eos[0] ?? vocabSize,
    sot,
    startofprev: startofprev.length === 1 ? startofprev[0] : -1,
    firstStamp: noTimestamps === undefined ? vocabSize + 1 : noTimestamps + 1,
  };
}

/** The tokens that come before every window. */
export function promptOf({ given }: TranscribePlan, { speech }: Tokenizer): number[] | undefined {
  const { prompt, prompt_ids } = given;
  if (prompt_ids !== undefined || prompt === undefined) return prompt_ids;
  if (speech) return speech.promptIds(prompt);
  const message = "transcribe: prompt needs Whisper's own tokenizer, and the files name another.";
  throw new ModelError("unsupported_option", message, "Pass prompt_ids.");
}

/** The pipeline's defaults, where neither the call nor the files say anything: five beams, 256 new tokens. */
export function generationOptions({ generation }: TranscribePlan, file: Readonly<Record<string, unknown>>) {
  const isSet = (name: string): boolean => (generation[name] ?? file[name] ?? undefined) !== undefined;
  const out: Record<string, unknown> = { ...generation };
  if (!isSet("num_beams")) out.num_beams = 5;
  if (!isSet("max_length") && !isSet("max_new_tokens")) out.max_new_tokens = 256;
  // `max_length` of the files grows from window to window, so the loop has to know it.
  if (out.max_new_tokens === undefined && (file.max_new_tokens ?? undefined) === undefined)
    out.max_length ??= file.max_length;
  return out;
}
