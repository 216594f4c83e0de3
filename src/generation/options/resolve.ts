/**
 * Makes one checked configuration of all options: those of the call come first, then those of generation_config.json (or of
 * an old config.json), then the model's own tokens and limits.
 */

import { ModelError } from "../../errors";
import type { ModelInfo } from "../../models/model";
import { validateConfig } from "./validate";
import { checkDeferred, NO_START, requireStart } from "./file-fields";
import type { GenerationConfig } from "./generation-config";
import { checkNames } from "./option-names";
import type { Warpers } from "../../util/warpers";
import { MAX_EOS_TOKENS, type AllLogitsProcessors, type SearchConfig } from "./search-config";
import { invalid, isInteger, isToken, isTokenList, isTokenOrNone, OptionReader, type Fields } from "./option-reader";

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
  checkNames(call, CALL);
  const read = new OptionReader([
    { where: CALL, fields: call },
    { where: fileName, fields: file },
  ]);
  for (const name of ["output_scores", "output_attentions", "output_hidden_states"]) read.boolean(name);
  const vocabSize = info.targetVocabSize;
  read.number("output_alternatives", `an integer from 1 to ${vocabSize}`, (n) => isInteger(n, 1) && n <= vocabSize, 0);
  const eosTokenIds = read.tokensOrNone("eos_token_id", vocabSize, info.eosTokenIds);
  if (eosTokenIds.length > MAX_EOS_TOKENS) {
    throw new ModelError(
      "unsupported_option",
      `${read.find("eos_token_id").where}: eos_token_id has ${eosTokenIds.length} values; at most ${MAX_EOS_TOKENS} are supported.`,
    );
  }
  const maxLength = longest(call, file, fileName, info, promptLength);
  const starts = startTokens(read, vocabSize, info.decoderStartTokenId, fileName);
  const doSample = read.boolean("do_sample");
  const config: SearchConfig = {
    promptLength,
    maxLength,
    eosTokenIds,
    startTokenId: starts[0],
    startTokenIds: Array.isArray(read.find("decoder_start_token_id").value) ? starts : undefined,
    padTokenId: read.tokensOrNone("pad_token_id", Math.max(info.sourceVocabSize, vocabSize), [])[0] ?? info.padTokenId,
    numBeams: perRow(read, "num_beams"),
    numBeamGroups: read.integer("num_beam_groups", 1, 1),
    diversityPenalty: read.number("diversity_penalty", "a number of at least 0", (x) => x >= 0, 0),
    numReturnSequences: perRow(read, "num_return_sequences"),
    doSample,
    seed: read.number("seed", "an integer from 0 to 2^32 - 1", (n) => isInteger(n) && n < 2 ** 32, undefined),
    earlyStopping: earlyStopping(read),
    lengthPenalty: read.number("length_penalty", "a number", () => true, 1),
    maxTime: read.number("max_time", "a number of seconds", (x) => x >= 0, undefined),
    stopStrings: stopStrings(read),
    prefixAllowedTokens: callback(read),
    renormalize: read.boolean("renormalize_logits"),
    processors: readProcessors(read, promptLength, vocabSize),
    // Without sampling the file's do nothing, whatever they are.
    warpers: readWarpers(doSample ? read : new OptionReader([{ where: CALL, fields: call }]), doSample),
  };
  read.tokensOrNone("bos_token_id", Math.max(info.sourceVocabSize, vocabSize), []);
  checkDeferred(file, fileName, { greedy: config.numBeams === 1, samples: doSample, topK: topKOf(read) });
  validateConfig(config, call, onWarning);
  return config;
}

function readProcessors(read: OptionReader, promptLength: number, vocabSize: number): AllLogitsProcessors {
  const minNewTokens = read.countOrOff("min_new_tokens", undefined);
  const minLength = read.countOrOff("min_length", 0);
  const forcedBos = read.tokens("forced_bos_token_id", vocabSize, undefined);
  if (forcedBos?.length === 0)
    throw invalid(CALL, "forced_bos_token_id", "a token id, or a list of at least one", forcedBos);
  const isPair = (value: unknown, first: (v: unknown) => boolean, second: (v: unknown) => boolean) =>
    Array.isArray(value) && value.length === 2 && first(value[0]) && second(value[1]);
  const isNumber = (value: unknown) => typeof value === "number" && !Number.isNaN(value);
  const isIds = (value: unknown) => isTokenList(value, vocabSize);
  const below = `token ids below ${vocabSize}`;
  const listOrNone = (name: string) =>
    read.list<number>(name, `a list of ${below}`, (v) => isTokenOrNone(v, vocabSize)).filter((id) => id !== -1);
  return {
    sequenceBias: read.list("sequence_bias", `a list of pairs [list of ${below}, number]`, (v) =>
      isPair(v, isIds, isNumber),
    ),
    encoderRepetitionPenalty: read.number("encoder_repetition_penalty", "a number above 0", (x) => x > 0, 1),
    repetitionPenalty: read.number("repetition_penalty", "a number above 0", (x) => x > 0, 1),
    noRepeatNgramSize: read.countOrOff("no_repeat_ngram_size", 0),
    encoderNoRepeatNgramSize: read.countOrOff("encoder_no_repeat_ngram_size", 0),
    badWordsIds: read.list("bad_words_ids", `a list of lists of ${below}`, isIds),
    minLength: minNewTokens === undefined ? minLength : promptLength + minNewTokens,
    forcedBosTokenId: forcedBos?.length === 1 ? forcedBos[0] : undefined,
    forcedBosTokenIds: forcedBos && forcedBos.length > 1 ? forcedBos : undefined,
    forcedEosTokenIds: read.tokens("forced_eos_token_id", vocabSize, []),
    removeInvalidValues: read.boolean("remove_invalid_values"),
    exponentialDecay: exponentialDecay(read),
    suppressTokens: listOrNone("suppress_tokens"),
    beginSuppressTokens: listOrNone("begin_suppress_tokens"),
    forcedDecoderIds: read.list("forced_decoder_ids", `a list of pairs [position, token id below ${vocabSize}]`, (v) =>
      isPair(
        v,
        (i) => isInteger(i, 1),
        (id) => isToken(id, vocabSize),
      ),
    ),
  };
}

const topKOf = (read: OptionReader): number => {
  const { value = 50 } = read.find("top_k");
  return typeof value === "number" ? value : 50;
};

/** Without sampling a temperature of 0 and a top_k of -1 ask for what is done anyway. */
function readWarpers(read: OptionReader, doSample: boolean): Warpers {
  return {
    temperature: doSample
      ? read.number("temperature", "a number above 0", (x) => x > 0, 1)
      : read.number("temperature", "a number of at least 0", (x) => x >= 0, 1),
    topH: read.share("top_h", { low: true, high: false }),
    topK: read.integer("top_k", doSample ? 0 : -1, 50),
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
    // That of a file may be any: it does not count where the call says how many tokens it wants.
    const length = read.integer("max_length", where === CALL ? 2 : -Infinity, undefined);
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

/** One token, or one per row. */
function startTokens(read: OptionReader, vocabSize: number, fallback: number, file: string): number[] {
  const bos = (): number | undefined => read.tokensOrNone("bos_token_id", vocabSize, [])[0];
  const list = read.tokens("decoder_start_token_id", vocabSize, undefined) ?? [
    requireStart(fallback === NO_START ? bos() : fallback, file),
  ];
  const { value, where } = read.find("decoder_start_token_id");
  if (list.length === 0) throw invalid(where, "decoder_start_token_id", "a token id, or one per row", value);
  return list;
}

function earlyStopping(read: OptionReader): boolean | "never" {
  const { value = false, where } = read.find("early_stopping");
  if (typeof value === "boolean" || value === "never") return value;
  throw invalid(where, "early_stopping", 'true, false or "never"', value);
}

function stopStrings(read: OptionReader): string[] {
  const { value = [], where } = read.find("stop_strings");
  const list: unknown[] = Array.isArray(value) ? Array.from<unknown>(value) : [value];
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
  const isFinite = (x: unknown): x is number => typeof x === "number" && Number.isFinite(x);
  if (isFinite(start) && isFinite(factor)) return [start, factor];
  throw invalid(where, "exponential_decay_length_penalty", "a pair of numbers [start, factor]", value);
}

/** Beams, or sequences to return. */
const MAX_PER_ROW = 2 ** 16;

/** How many sequences a row has. More than the limit would fill the memory before anything could say so. */
const perRow = (read: OptionReader, name: string): number =>
  read.number(name, `an integer from 1 to ${MAX_PER_ROW}`, (n) => isInteger(n, 1) && n <= MAX_PER_ROW, 1);
