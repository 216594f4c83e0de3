/**
 * Makes one checked configuration of all options: those of the call come first, then those of generation_config.json (or of
 * an old config.json), then the model's own tokens and limits.
 */

import { ModelError } from "../../errors";
import type { ModelInfo } from "../../models/model";
import { validateConfig } from "./validate";
import type { GenerationConfig } from "./generation-config";
import { checkNames } from "./option-names";
import { MAX_EOS_TOKENS, type AllLogitsProcessors, type SearchConfig, type Warpers } from "./search-config";
import { invalid, isInteger, isToken, isTokenList, OptionReader, type Fields } from "./option-reader";

export const FILE = "generation_config.json";
const CALL = "generate";

export interface ResolveContext {
  /** Name of the file, for messages. */
  file?: string;
  /** Tokens of the decoder's prompt, start token included. Default 1. */
  promptLength?: number;
  onWarning?: (message: string) => void;
}

/** @throws ModelError "invalid_option" or "unsupported_option" */
export function resolveConfig(
  options: GenerationConfig,
  file: Fields,
  info: ModelInfo,
  { file: fileName = FILE, promptLength = 1, onWarning }: ResolveContext = {},
): SearchConfig {
  const call = options as Fields;
  checkNames(call, CALL, false);
  const read = new OptionReader([
    { where: CALL, fields: call },
    { where: fileName, fields: file },
  ]);
  for (const name of ["output_scores", "output_attentions", "output_hidden_states"]) read.boolean(name);
  const vocabSize = info.targetVocabSize;
  read.number("output_alternatives", `an integer from 1 to ${vocabSize}`, (n) => isInteger(n, 1) && n <= vocabSize, 0);
  const eosTokenIds = read.tokens("eos_token_id", vocabSize, info.eosTokenIds);
  if (eosTokenIds.length > MAX_EOS_TOKENS) {
    throw new ModelError(
      "unsupported_option",
      `${read.find("eos_token_id").where}: eos_token_id has ${eosTokenIds.length} values; at most ${MAX_EOS_TOKENS} are supported.`,
    );
  }
  const maxLength = longest(call, file, fileName, info, promptLength);
  const config: SearchConfig = {
    promptLength,
    maxLength,
    eosTokenIds,
    startTokenId: read.token("decoder_start_token_id", vocabSize, info.decoderStartTokenId),
    padTokenId: read.token("pad_token_id", Math.max(info.sourceVocabSize, vocabSize), info.padTokenId),
    numBeams: read.integer("num_beams", 1, 1),
    numBeamGroups: read.integer("num_beam_groups", 1, 1),
    diversityPenalty: read.number("diversity_penalty", "a number of at least 0", (x) => x >= 0, 0),
    numReturnSequences: read.integer("num_return_sequences", 1, 1),
    doSample: read.boolean("do_sample"),
    seed: read.number("seed", "an integer from 0 to 2^32 - 1", (n) => isInteger(n) && n < 2 ** 32, undefined),
    earlyStopping: earlyStopping(read),
    lengthPenalty: read.number("length_penalty", "a number", () => true, 1),
    maxTime: read.number("max_time", "a number of seconds", (x) => x >= 0, undefined),
    stopStrings: stopStrings(read),
    prefixAllowedTokens: callback(read),
    renormalize: read.boolean("renormalize_logits"),
    processors: readProcessors(read, promptLength, vocabSize),
    warpers: readWarpers(read),
  };
  read.token("bos_token_id", Math.max(info.sourceVocabSize, vocabSize), undefined);
  validateConfig(config, call, file, onWarning);
  return config;
}

function readProcessors(read: OptionReader, promptLength: number, vocabSize: number): AllLogitsProcessors {
  const minNewTokens = read.integer("min_new_tokens", 0, undefined);
  const minLength = read.integer("min_length", 0, 0);
  const isPair = (value: unknown, first: (v: unknown) => boolean, second: (v: unknown) => boolean) =>
    Array.isArray(value) && value.length === 2 && first(value[0]) && second(value[1]);
  const isNumber = (value: unknown) => typeof value === "number" && !Number.isNaN(value);
  const isIds = (value: unknown) => isTokenList(value, vocabSize);
  const below = `token ids below ${vocabSize}`;
  return {
    sequenceBias: read.list("sequence_bias", `a list of pairs [list of ${below}, number]`, (v) =>
      isPair(v, isIds, isNumber),
    ),
    encoderRepetitionPenalty: read.number("encoder_repetition_penalty", "a number above 0", (x) => x > 0, 1),
    repetitionPenalty: read.number("repetition_penalty", "a number above 0", (x) => x > 0, 1),
    noRepeatNgramSize: read.integer("no_repeat_ngram_size", 0, 0),
    encoderNoRepeatNgramSize: read.integer("encoder_no_repeat_ngram_size", 0, 0),
    badWordsIds: read.list("bad_words_ids", `a list of lists of ${below}`, isIds),
    minLength: minNewTokens === undefined ? minLength : promptLength + minNewTokens,
    forcedBosTokenId: read.token("forced_bos_token_id", vocabSize, undefined),
    forcedEosTokenIds: read.tokens("forced_eos_token_id", vocabSize, []),
    removeInvalidValues: read.boolean("remove_invalid_values"),
    exponentialDecay: exponentialDecay(read),
    suppressTokens: read.list("suppress_tokens", `a list of ${below}`, (v) => isToken(v, vocabSize)),
    beginSuppressTokens: read.list("begin_suppress_tokens", `a list of ${below}`, (v) => isToken(v, vocabSize)),
    forcedDecoderIds: read.list("forced_decoder_ids", `a list of pairs [position, token id below ${vocabSize}]`, (v) =>
      isPair(
        v,
        (i) => isInteger(i, 1),
        (id) => isToken(id, vocabSize),
      ),
    ),
  };
}

function readWarpers(read: OptionReader): Warpers {
  return {
    temperature: read.number("temperature", "a number above 0", (x) => x > 0, 1),
    topH: read.share("top_h", { low: true, high: false }),
    topK: read.integer("top_k", 0, 50),
    topP: read.share("top_p", { low: false, high: false }) ?? 1,
    minP: read.share("min_p", { low: false, high: false }),
    typicalP: read.share("typical_p", { low: true, high: false }) ?? 1,
    epsilonCutoff: read.share("epsilon_cutoff", { low: false, high: true }) ?? 0,
    etaCutoff: read.share("eta_cutoff", { low: false, high: true }) ?? 0,
  };
}

/** The length of the longest sequence that the options allow, prompt included. */
function longest(call: Fields, file: Fields, fileName: string, info: ModelInfo, promptLength: number): number {
  // The decoder never reads the last token, so that one needs no position.
  const limit = info.maxTargetLength + 1;
  for (const [where, fields] of [
    [CALL, call],
    [fileName, file],
  ] as const) {
    const read = new OptionReader([{ where, fields }]);
    const length = read.integer("max_length", 2, undefined);
    const added = read.integer("max_new_tokens", 1, undefined);
    const found = added === undefined ? length : promptLength + added;
    if (found === undefined) continue;
    if (found > limit && where === CALL) {
      throw new ModelError(
        "invalid_option",
        `${where}: ${found - promptLength} new tokens do not fit: this model's decoder has ${info.maxTargetLength} positions.`,
        `Set max_new_tokens to at most ${limit - promptLength}.`,
      );
    }
    // A file may allow more than the decoder has positions: the limit counts. A caller who asks for more gets an error.
    const allowed = Math.min(found, limit);
    if (allowed > promptLength) return allowed;
    throw new ModelError(
      "invalid_option",
      `${where}: max_length = ${found} leaves no room for new tokens after a prompt of ${promptLength} tokens.`,
      "Set max_new_tokens.",
    );
  }
  return limit;
}

function earlyStopping(read: OptionReader): boolean | "never" {
  const { value = false, where } = read.find("early_stopping");
  if (typeof value === "boolean" || value === "never") return value;
  throw invalid(where, "early_stopping", 'true, false or "never"', value);
}

function stopStrings(read: OptionReader): string[] {
  const { value = [], where } = read.find("stop_strings");
  const list: unknown[] = Array.isArray(value) ? value : [value];
  if (list.every((text) => typeof text === "string" && text !== "")) return list as string[];
  throw invalid(where, "stop_strings", "a string or a list of strings, none of them empty", value);
}

function callback(read: OptionReader): SearchConfig["prefixAllowedTokens"] {
  const { value, where } = read.find("prefix_allowed_tokens");
  if (value === undefined || typeof value === "function") return value as SearchConfig["prefixAllowedTokens"];
  throw invalid(where, "prefix_allowed_tokens", "a function (row, sequence) => token ids", value);
}

function exponentialDecay(read: OptionReader): [number, number] | undefined {
  const { value, where } = read.find("exponential_decay_length_penalty");
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return undefined;
  const [start, factor] = (Array.isArray(value) && value.length === 2 ? value : []) as unknown[];
  if (isInteger(start) && typeof factor === "number" && Number.isFinite(factor)) return [start, factor];
  throw invalid(where, "exponential_decay_length_penalty", "a pair of numbers [start, factor]", value);
}
