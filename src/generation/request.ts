/** From what a call of `generate` or `stream` was given to a request, in which everything is checked. */

import { ModelError } from "../errors";
import type { ModelInfo } from "../models/model";
import { sourceBatch, toRows, type Batch } from "./batch";
import { resolveConfig } from "./options/resolve";
import type { SearchConfig } from "./options/search-config";
import type { GenerationConfig } from "./options/generation-config";
import { prefixes, prompts } from "./prompts";
import type { Fields } from "./options/option-reader";

export interface Request {
  batch: Batch;
  config: SearchConfig;
  /** Start token first, one a row. */
  prompts: number[][];
  constraints?: number[][];
  alternatives: number;
  logprobs: boolean;
  /** Text of a sequence, for stop strings. */
  decode?: (ids: readonly number[]) => string;
  signal?: AbortSignal;
}

/** What the model brings along. */
export interface RequestContext {
  info: ModelInfo;
  /** What its files say of generation, and the file that says it. */
  generationConfig: Fields;
  generationFile: string;
  /** Absent: there is no tokenizer. */
  decode?: (ids: readonly number[]) => string;
  onWarning: (message: string) => void;
}

/** @param where the name of the method, for messages */
export function createRequest(
  where: string,
  inputIds: unknown,
  options: GenerationConfig,
  { info, generationConfig, generationFile, decode, onWarning }: RequestContext,
): Request {
  const startTokens = options.decoder_input_ids ?? undefined;
  const rows = startTokens === undefined ? undefined : toRows("decoder_input_ids", startTokens);
  const resolve = (promptLength: number, onWarning?: (message: string) => void) =>
    resolveConfig(options, generationConfig, info, { file: generationFile, promptLength, onWarning });
  // The special tokens come first: they say what is padding and what the prompt starts with.
  const { padTokenId, startTokenId, eosTokenIds } = resolve(1);
  // A pad token that is an end token, too, says nothing of padding: transformers reads it then, and so do we.
  const padding = eosTokenIds.includes(padTokenId) ? undefined : padTokenId;
  const batch = sourceBatch(inputIds, options.attention_mask, padding, info);
  const prompt = prompts(rows, batch.ids.length, startTokenId, info);
  const config = resolve(prompt[0].length, onWarning);
  if (config.stopStrings.length > 0 && !decode) {
    throw new ModelError("invalid_option", `${where}: stop_strings needs a tokenizer, and this model has none.`);
  }
  return {
    batch,
    config,
    prompts: prompt,
    constraints: prefixes(options.constraint, batch.ids.length, info),
    alternatives: options.output_alternatives ?? 0,
    logprobs: options.output_scores === true,
    decode,
    signal: options.signal ?? undefined,
  };
}
