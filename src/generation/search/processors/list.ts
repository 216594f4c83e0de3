/** The processors that a configuration asks for, in Hugging Face's order (`_get_logits_processor` in utils.py). */

import type { SearchConfig } from "../../options/search-config";
import { allowedTokens, checkAllowed } from "./allowed";
import { badWords, sequenceBias } from "./bias";
import { hammingDiversity } from "./diversity";
import * as position from "./position";
import * as repetition from "./repetition";
import { eachBeam, logSoftmax, type Processor } from "./scores";
import * as warpers from "./warpers";

/** What the processors of one sentence know of it. */
export interface SentenceContext {
  row: number;
  /** Source token ids as they were given, padding included. */
  source: readonly number[];
  /** Token ids that the output must start with. */
  constraint?: readonly number[];
  vocabSize: number;
  /** Of a group beam search: `SearchContext.taken`. */
  taken?: readonly number[];
}

export function createProcessors(config: SearchConfig, sentence: SentenceContext): Processor[] {
  const { rules, eosTokenIds, promptLength, maxLength } = config;
  const { row, source, vocabSize, constraint, taken = [] } = sentence;
  const callback = config.prefixAllowedTokens;
  // What the output starts with comes after a token that must come first anyway.
  const forcesFirst = promptLength === 1 && rules.forcedBosTokenId !== undefined;
  const begin = promptLength + (forcesFirst ? 1 : 0);
  const list: (Processor | false | undefined)[] = [
    rules.sequenceBias.length > 0 && sequenceBias(rules.sequenceBias),
    config.diversityPenalty > 0 && hammingDiversity(config.diversityPenalty, taken),
    rules.encoderRepetitionPenalty !== 1 && repetition.encoderRepetitionPenalty(rules.encoderRepetitionPenalty, source),
    rules.repetitionPenalty !== 1 && repetition.repetitionPenalty(rules.repetitionPenalty),
    rules.noRepeatNgramSize > 0 && repetition.noRepeatNgrams(rules.noRepeatNgramSize),
    rules.encoderNoRepeatNgramSize > 0 && repetition.encoderNoRepeatNgrams(rules.encoderNoRepeatNgramSize, source),
    rules.badWordsIds.length > 0 && badWords(rules.badWordsIds, eosTokenIds),
    rules.minLength > 0 && position.minLength(rules.minLength, eosTokenIds),
    callback && allowedTokens((sequence) => checkAllowed(callback(row, sequence), row, vocabSize)),
    constraint && allowedTokens((sequence) => constraintAt(constraint, sequence.length - begin)),
    rules.forcedBosTokenId !== undefined && position.forcedBos(rules.forcedBosTokenId),
    rules.forcedEosTokenIds.length > 0 && position.forcedEos(rules.forcedEosTokenIds, maxLength),
    rules.removeInvalidValues && position.removeInvalidValues(),
    rules.exponentialDecay &&
      position.exponentialDecay(promptLength + rules.exponentialDecay[0], rules.exponentialDecay[1], eosTokenIds),
    rules.suppressTokens.length > 0 && position.suppressTokens(rules.suppressTokens),
    rules.beginSuppressTokens.length > 0 && position.suppressTokensAtBegin(rules.beginSuppressTokens, begin),
    rules.forcedDecoderIds.length > 0 && position.forcedTokens(rules.forcedDecoderIds),
    ...(config.doSample ? createWarpers(config) : []),
    config.renormalize && eachBeam(logSoftmax),
  ];
  return list.filter((processor) => typeof processor === "function");
}

function constraintAt(constraint: readonly number[], index: number): number[] | undefined {
  return index >= 0 && index < constraint.length ? [constraint[index]] : undefined;
}

function createWarpers({ warpers: w, numBeams, eosTokenIds }: SearchConfig): (Processor | false | undefined)[] {
  // Beams need one token beside the end tokens to go on with.
  const keep = numBeams > 1 ? eosTokenIds.length + 1 : 1;
  return [
    w.temperature !== 1 && warpers.temperature(w.temperature),
    w.topH !== undefined && warpers.topH(w.topH),
    w.topK !== 0 && warpers.topK(w.topK, keep),
    w.topP < 1 && warpers.topP(w.topP, keep),
    w.minP !== undefined && warpers.minP(w.minP, keep),
    w.typicalP < 1 && warpers.typicalP(w.typicalP, keep),
    w.epsilonCutoff > 0 && warpers.epsilonCutoff(w.epsilonCutoff, keep),
    w.etaCutoff > 0 && warpers.etaCutoff(w.etaCutoff, keep),
  ];
}
