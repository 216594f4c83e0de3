/** The configuration of a search: every option checked and with a value. */

import type { TimestampRules } from "../../util/timestamps";
import type { Warpers } from "../../util/warpers";
import { isIdle as nothingToDo, type LogitsProcessors } from "../../ops/logits-processors";

/** The most end tokens that the device supports. */
export const MAX_EOS_TOKENS = 8;

/** Lengths count the whole sequence, prompt included. */
export interface SearchConfig {
  /** Tokens of the prompt. */
  promptLength: number;
  maxLength: number;
  eosTokenIds: number[];
  padTokenId: number;
  startTokenId: number;
  /** One per row, where they differ. */
  startTokenIds?: number[];
  numBeams: number;
  numBeamGroups: number;
  diversityPenalty: number;
  numReturnSequences: number;
  doSample: boolean;
  /** Undefined: a random seed per call. */
  seed?: number;
  earlyStopping: boolean | "never";
  lengthPenalty: number;
  /** Seconds. */
  maxTime?: number;
  stopStrings: string[];
  processors: AllLogitsProcessors;
  /** Rules of timestamps, which Whisper writes among the text. */
  timestamps?: TimestampRules;
  warpers: Warpers;
  renormalize: boolean;
  prefixAllowedTokens?: (row: number, sequence: number[]) => number[] | Promise<number[]>;
}

/** Parameters of all logits processors but the warpers. The device has those of `LogitsProcessors`. */
export interface AllLogitsProcessors extends LogitsProcessors {
  /** Several tokens, of which one comes first; a single one is `forcedBosTokenId`. */
  forcedBosTokenIds?: number[];
  removeInvalidValues: boolean;
}

/** Whether the device has no logits processor to apply. */
export const isIdle = ({
  removeInvalidValues: _,
  forcedBosTokenIds: __,
  ...processors
}: AllLogitsProcessors): boolean => nothingToDo(processors);
