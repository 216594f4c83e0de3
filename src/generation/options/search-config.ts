/** What a search is emitted to do: the options of a call and of the model's files, checked, with nothing left open. */

import { isIdle as nothingToDo, type LogitsProcessors } from "../../ops/logits-processors";

/** The device tells at most this many end tokens apart. */
export const MAX_EOS_TOKENS = 8;

/** Lengths count the whole sequence, start token included. */
export interface SearchConfig {
  /** Tokens that the search starts from. */
  promptLength: number;
  maxLength: number;
  eosTokenIds: number[];
  padTokenId: number;
  startTokenId: number;
  numBeams: number;
  numBeamGroups: number;
  diversityPenalty: number;
  numReturnSequences: number;
  doSample: boolean;
  /** Undefined: another one every time. */
  seed?: number;
  earlyStopping: boolean | "never";
  lengthPenalty: number;
  /** Seconds. */
  maxTime?: number;
  stopStrings: string[];
  processors: AllLogitsProcessors;
  warpers: Warpers;
  renormalize: boolean;
  prefixAllowedTokens?: (row: number, sequence: number[]) => number[];
}

/** What changes the scores before a token is chosen; those of `LogitsProcessors` the device knows, too. */
export interface AllLogitsProcessors extends LogitsProcessors {
  removeInvalidValues: boolean;
}

/** What changes the distribution that sampling draws from, in the order of application. */
export interface Warpers {
  temperature: number;
  topH?: number;
  topK: number;
  topP: number;
  minP?: number;
  typicalP: number;
  epsilonCutoff: number;
  etaCutoff: number;
}

/** Is there nothing for the device to do? */
export const isIdle = ({ removeInvalidValues: _, ...processors }: AllLogitsProcessors): boolean =>
  nothingToDo(processors);
