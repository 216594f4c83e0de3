/** What a call of Whisper asks of `generate`: how sequences begin, how long they may be, and what is found out of them. */

import { ModelError, quote } from "../../errors";
import type { TimestampRules } from "../../util/timestamps";
import { toRows, type Batch } from "../batch";
import { requireStart } from "../options/file-fields";
import type { GenerationConfig } from "../options/generation-config";
import { isInteger } from "../options/option-reader";
import type { SearchConfig } from "../options/search-config";
import type { PreparedCall, SpeechContext } from "./context";
import { detectedLanguages } from "./languages";
import type { Wanted } from "./wanted";
import { readWhisperFields, type WhisperFields } from "./whisper-fields";
import { initialTokens } from "./whisper-prompts";

export async function whisperCall(
  where: string,
  options: Record<string, unknown>,
  batch: Batch,
  context: SpeechContext,
): Promise<Omit<PreparedCall, "batch">> {
  const { info, start } = context;
  const fields = readWhisperFields(context.fields, context.file, info.targetVocabSize);
  const { language, task, return_timestamps, prompt_ids, ...others } = options;
  const { return_no_speech, return_avg_logprobs, return_token_probs, alignment_heads, ...last } = others;
  const { reuse_encoder_outputs: reuse, ...rest } = last;
  if (reuse !== undefined && typeof reuse !== "boolean")
    throw new ModelError(
      "invalid_option",
      `${where}: reuse_encoder_outputs must be true or false, not ${quote(reuse)}.`,
    );
  const judgements = { return_no_speech, return_avg_logprobs, return_token_probs, alignment_heads };
  const rows = batch.ids.length;
  const own = rest.decoder_input_ids;
  let prompts: number[][];
  let timestamps: boolean;
  if (own === undefined) {
    const detect = () => detectedLanguages(batch, fields, context);
    const choice = { language, task, return_timestamps };
    const initial = await initialTokens(choice, fields, requireStart(start, context.file), rows, detect);
    const before = prompt_ids === undefined ? [] : toRows("prompt_ids", prompt_ids).flat();
    prompts = initial.tokens.map((tokens) => [...before, ...tokens]);
    timestamps = initial.timestamps;
  } else {
    for (const [name, value] of Object.entries({ language, task, prompt_ids })) {
      if (value === undefined) continue;
      throw new ModelError("invalid_option", `${where}: ${name} does not go with decoder_input_ids.`);
    }
    prompts = toRows("decoder_input_ids", own);
    timestamps = (return_timestamps ?? fields.returnTimestamps) !== false;
  }
  const length = prompts[0]?.length ?? 0;
  return {
    prompts,
    whisper: timestamps ? fields : undefined,
    wanted: wantedOf(where, judgements, fields, context),
    reusesEncoder: reuse,
    options: {
      ...rest,
      ...lengths(where, rest, length, context),
      decoder_input_ids: prompts,
      // So nothing is put before a prompt.
      decoder_start_token_id: prompts.map(([first]) => first),
    },
  };
}

function wantedOf(
  where: string,
  given: Record<"return_no_speech" | "return_avg_logprobs" | "return_token_probs" | "alignment_heads", unknown>,
  { noTimestamps }: WhisperFields,
  { info, start, file }: SpeechContext,
): Wanted | undefined {
  const check = (name: keyof typeof given, rule: string, test: (value: unknown) => boolean): void => {
    const value = given[name];
    if (value === undefined || test(value)) return;
    throw new ModelError("invalid_option", `${where}: ${name} must be ${rule}, not ${quote(value)}.`);
  };
  const isBoolean = (value: unknown) => typeof value === "boolean";
  const isPair = (value: unknown) =>
    Array.isArray(value) &&
    value.length === 2 &&
    isInteger(value[0]) &&
    value[0] < info.numDecoderLayers &&
    isInteger(value[1]) &&
    value[1] < (info.decoderHeads ?? 0);
  const isList = (value: unknown) => Array.isArray(value) && value.length > 0 && value.every(isPair);
  check("return_no_speech", "true or false", isBoolean);
  check("return_avg_logprobs", "true or false", isBoolean);
  check("return_token_probs", "true or false", isBoolean);
  check("alignment_heads", "a list of pairs [layer, head] of this model's decoder", isList);
  const noSpeech = given.return_no_speech === true;
  const avgLogprobs = noSpeech || given.return_avg_logprobs === true;
  const tokenProbs = given.return_token_probs === true;
  if (!avgLogprobs && !tokenProbs && given.alignment_heads === undefined) return undefined;
  if (noSpeech && noTimestamps === undefined) {
    throw new ModelError(
      "invalid_option",
      `${where}: return_no_speech needs no_timestamps_token_id in ${file}.`,
      "return_avg_logprobs needs nothing.",
    );
  }
  return {
    heads: (given.alignment_heads ?? []) as Wanted["heads"],
    avgLogprobs,
    tokenProbs,
    silence: noSpeech ? { start: requireStart(start, file), token: noTimestamps! - 1 } : undefined,
  };
}

/** `_set_max_new_tokens_and_length`: the prompt does not count for `max_length`, as far as there are positions. */
function lengths(
  where: string,
  { max_new_tokens: own, max_length: given }: Record<string, unknown>,
  promptLength: number,
  { info, maxLength, maxNewTokens }: SpeechContext,
): GenerationConfig {
  // That of the files is before their max_length, as in every search.
  const added = own ?? (given === undefined ? (maxNewTokens ?? undefined) : undefined);
  const most = info.maxTargetLength;
  if (promptLength >= most) {
    throw new ModelError(
      "invalid_option",
      `${where}: the prompt has ${promptLength} tokens; this model's decoder has ${most} positions.`,
      "Shorten prompt_ids.",
    );
  }
  if (added !== undefined) {
    if (typeof added === "number" && added + promptLength > most) {
      throw new ModelError(
        "invalid_option",
        `${where}: a prompt of ${promptLength} tokens and max_new_tokens = ${added} are more than the ${most} positions of this model's decoder.`,
        `Set max_new_tokens to at most ${most - promptLength}.`,
      );
    }
    return {};
  }
  const length = given ?? maxLength ?? most;
  if (typeof length !== "number") return {};
  return { max_length: Math.min(length + Math.min(promptLength, Math.floor(most / 2) - 1), most) };
}

/** What the device has to know of timestamps, once the configuration of a call is known. */
export function timestampRules(fields: WhisperFields, config: SearchConfig): TimestampRules {
  const noTimestamps = fields.noTimestamps!;
  const [endToken] = config.eosTokenIds;
  return {
    begin: config.promptLength,
    first: noTimestamps + 1,
    noTimestamps,
    endToken: endToken ?? 0,
    lastInitial: noTimestamps + 1 + (fields.maxInitialTimestampIndex ?? Infinity),
  };
}
