/** The logits processors that a configuration asks for, in Hugging Face's order (`_get_logits_processor` in utils.py). */

import { logSoftmax } from "../../../util/distribution";
import { createWarpers } from "../../../util/warpers";
import type { SearchConfig } from "../../options/search-config";
import { allowedTokens, checkAllowed } from "./allowed";
import { badWords, sequenceBias } from "./bias";
import { hammingDiversity } from "./diversity";
import * as position from "./position";
import * as repetition from "./repetition";
import { eachBeam, type Processor } from "./scores";

/** What the logits processors need to know about one sentence. */
export interface SentenceContext {
  /** Its number in the call. */
  index: number;
  /** Token ids of the encoder as the caller gave them, padding included. */
  inputIds: readonly number[];
  /** Token ids that the output must start with. */
  constraint?: readonly number[];
  vocabSize: number;
  /** Diverse beam search only: see `SearchContext.taken`. */
  taken?: readonly number[];
}

export function createProcessors(config: SearchConfig, sentence: SentenceContext): Processor[] {
  const { processors, eosTokenIds, promptLength, maxLength } = config;
  const { index, inputIds, vocabSize, constraint, taken = [] } = sentence;
  const callback = config.prefixAllowedTokens;
  // A constraint begins after the forced first token, if there is one.
  const { forcedBosTokenId, forcedBosTokenIds = forcedBosTokenId === undefined ? [] : [forcedBosTokenId] } = processors;
  const forcesFirst = promptLength === 1 && forcedBosTokenIds.length > 0;
  const begin = promptLength + (forcesFirst ? 1 : 0);
  const list: (Processor | false | undefined)[] = [
    processors.sequenceBias.length > 0 && sequenceBias(processors.sequenceBias),
    config.diversityPenalty > 0 && hammingDiversity(config.diversityPenalty, taken),
    processors.encoderRepetitionPenalty !== 1 &&
      repetition.encoderRepetitionPenalty(processors.encoderRepetitionPenalty, inputIds),
    processors.repetitionPenalty !== 1 && repetition.repetitionPenalty(processors.repetitionPenalty),
    processors.noRepeatNgramSize > 0 && repetition.noRepeatNgrams(processors.noRepeatNgramSize),
    processors.encoderNoRepeatNgramSize > 0 &&
      repetition.encoderNoRepeatNgrams(processors.encoderNoRepeatNgramSize, inputIds),
    processors.badWordsIds.length > 0 && badWords(processors.badWordsIds, eosTokenIds),
    processors.minLength > 0 && position.minLength(processors.minLength, eosTokenIds),
    callback && allowedTokens((sequence) => checkAllowed(callback(index, sequence), index, vocabSize)),
    constraint && allowedTokens((sequence) => constraintAt(constraint, sequence.length - begin)),
    forcedBosTokenIds.length > 0 && position.forcedBos(forcedBosTokenIds),
    processors.forcedEosTokenIds.length > 0 && position.forcedEos(processors.forcedEosTokenIds, maxLength),
    processors.removeInvalidValues && position.removeInvalidValues(),
    processors.exponentialDecay &&
      position.exponentialDecay(
        promptLength + processors.exponentialDecay[0],
        processors.exponentialDecay[1],
        eosTokenIds,
      ),
    processors.suppressTokens.length > 0 && position.suppressTokens(processors.suppressTokens),
    processors.beginSuppressTokens.length > 0 && position.suppressTokensAtBegin(processors.beginSuppressTokens, begin),
    config.timestamps && position.timestamps(config.timestamps),
    processors.forcedDecoderIds.length > 0 && position.forcedTokens(processors.forcedDecoderIds),
    ...(config.doSample ? warpersOf(config) : []),
    config.renormalize && eachBeam(logSoftmax),
  ];
  return list.filter((processor) => typeof processor === "function");
}

function constraintAt(constraint: readonly number[], index: number): number[] | undefined {
  return index >= 0 && index < constraint.length ? [constraint[index]] : undefined;
}

/** Beams need one more token than there are end tokens, so that they can go on. */
function warpersOf({ warpers, numBeams, eosTokenIds }: SearchConfig): Processor[] {
  return createWarpers(warpers, numBeams > 1 ? eosTokenIds.length + 1 : 1).map((warper) => eachBeam(warper));
}
