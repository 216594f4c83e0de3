/** Checks the arguments of a call of `generate` or `stream` and makes a request of them. */

import { ModelError } from "../errors";
import type { ModelInfo } from "../models/model";
import { inputBatch, toRows, type Batch } from "./batch";
import type { Fields } from "./options/option-reader";
import { resolveConfig } from "./options/resolve";
import type { SearchConfig } from "./options/search-config";
import type { GenerationConfig } from "./options/generation-config";
import { prefixes, prompts } from "./prompts";

export interface Request {
  batch: Batch;
  config: SearchConfig;
  /** One per row, start token first. */
  prompts: number[][];
  constraints?: number[][];
  alternatives: number;
  logprobs: boolean;
  /** From token ids to text, for stop strings. */
  decode?: (ids: readonly number[]) => string;
  signal?: AbortSignal;
  /** Of sound: whether the encoder's states that are still there are taken. */
  reusesEncoder?: boolean;
}

/** What the model contributes to a request. */
export interface RequestContext {
  info: ModelInfo;
  /** The generation options in the model's files, and the name of the file, for messages. */
  generationConfig: Fields;
  generationFile: string;
  /** Absent if the model has no tokenizer. */
  decode?: (ids: readonly number[]) => string;
  /** If the model's folder has tokenizer files that nothing reads: which, and why. */
  tokenizerProblem?: string;
  onWarning: (message: string) => void;
}

/**
 * @param where name of the method, for messages
 * @param input token ids, or the batch itself
 */
export function createRequest(
  where: string,
  input: unknown,
  options: GenerationConfig,
  { info, generationConfig, generationFile, decode, tokenizerProblem, onWarning }: RequestContext,
): Request {
  const startIds = options.decoder_input_ids ?? undefined;
  const rows = startIds === undefined ? undefined : toRows("decoder_input_ids", startIds);
  const resolve = (promptLength: number, onWarning?: (message: string) => void) =>
    resolveConfig(options, generationConfig, info, { file: generationFile, promptLength, onWarning });
  // The special tokens are needed first: they say what padding is and what the prompt starts with.
  const { padTokenId, startTokenId, startTokenIds, eosTokenIds } = resolve(1);
  // If the pad token is also an end token, it does not mark padding.
  const padding = eosTokenIds.includes(padTokenId) ? undefined : padTokenId;
  const batch = isBatch(input)
    ? input
    : inputBatch(input, options.attention_mask, info, { padTokenId: padding, onWarning });
  const prompt = prompts(rows, batch.ids.length, startTokenIds ?? startTokenId, info);
  const config = resolve(prompt[0].length, onWarning);
  if (config.stopStrings.length > 0 && !decode) {
    const message = `${where}: stop_strings needs a tokenizer, and this model has none.`;
    throw new ModelError("invalid_option", [message, tokenizerProblem ?? []].flat().join(" "));
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

const isBatch = (input: unknown): input is Batch => typeof input === "object" && input !== null && "frames" in input;
