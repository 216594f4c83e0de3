/** Where the tokens of a request are chosen: on the device alone, or in JavaScript, which then reads the logits of every step. */

import type { Model } from "../models/model";
import { sampledCandidates } from "../ops/sampling";
import { beginnings } from "./beginnings";
import { fitsDevice } from "./device/beams";
import { isIdle } from "./options/search-config";
import type { Request } from "./request";

/**
 * Where a request is searched: "greedy", "sampling" and "beams" on the device alone, "javascript" with the logits read by
 * JavaScript.
 */
export type Way = "greedy" | "sampling" | "beams" | "javascript";

/** The device searches alone unless JavaScript must decide something or see the scores. */
export function wayOf({ config, alternatives, constraints, prompts }: Request, model: Model): Way {
  const { processors, numBeams, doSample, warpers, prefixAllowedTokens } = config;
  const { targetVocabSize } = model.info;
  // The table of processors holds one start token for all rows.
  const startsDiffer = prompts.some(([first]) => first !== prompts[0][0]) && !isIdle(processors);
  const needsScores =
    (doSample && (numBeams > 1 || sampledCandidates(warpers, targetVocabSize) === undefined)) ||
    prefixAllowedTokens ||
    (constraints && !beginnings(constraints, config)) ||
    alternatives > 0 ||
    processors.removeInvalidValues ||
    processors.forcedBosTokenIds;
  if (needsScores || startsDiffer) return "javascript";
  if (numBeams === 1) return doSample ? "sampling" : "greedy";
  if (config.numBeamGroups > 1) return "javascript";
  // max_time and stop_strings may end single beams in the middle of a step; the device cannot.
  const decidesLate = config.maxTime !== undefined || config.stopStrings.length > 0;
  const fits = fitsDevice(config, targetVocabSize);
  return fits && !decidesLate ? "beams" : "javascript";
}
