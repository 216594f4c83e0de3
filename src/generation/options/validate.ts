/**
 * Checks how options go together. Impossible combinations throw; an option that has no effect is a warning. This follows
 * `GenerationConfig.validate` and `_validate_generated_length` of Hugging Face.
 */

import { ModelError, quote } from "../../errors";
import type { SearchConfig } from "./search-config";
import type { Fields } from "./option-reader";

/** Options that have no effect without do_sample, and their values that need no warning. */
export const SAMPLING: Record<string, readonly unknown[]> = {
  temperature: [1],
  top_k: [50],
  top_p: [1],
  min_p: [],
  top_h: [],
  typical_p: [1],
  epsilon_cutoff: [0],
  eta_cutoff: [0],
};

/** The same without more than one beam. */
export const BEAMS: Record<string, readonly unknown[]> = {
  early_stopping: [false],
  length_penalty: [1],
  num_beam_groups: [1],
};

const isSet = (fields: Fields, name: string) => fields[name] !== undefined && fields[name] !== null;

/** @param call options of the call */
export function validateConfig(
  config: SearchConfig,
  call: Fields,
  onWarning: (message: string) => void = () => undefined,
): void {
  checkCounts(config);
  checkGroups(config, isSet(call, "diversity_penalty"));
  checkForcedTokens(config);

  const warnIdle = (options: typeof SAMPLING, outer: string, needed: string): void => {
    for (const [name, neutral] of Object.entries(options)) {
      // What a file says without effect is reported at load.
      const value = call[name];
      if (value === undefined || value === null || neutral.includes(value)) continue;
      onWarning(`${name} = ${quote(value)} has no effect without ${needed}. Set ${outer}, or leave ${name} out.`);
    }
  };
  if (!config.doSample) {
    warnIdle(SAMPLING, "do_sample", "do_sample: true");
    if (isSet(call, "seed")) onWarning("seed has no effect without do_sample: true.");
  }
  if (config.numBeams === 1) warnIdle(BEAMS, "num_beams", "num_beams above 1");
  if (isSet(call, "bos_token_id") && call.bos_token_id !== config.startTokenId)
    onWarning("bos_token_id has no effect: sequences begin with decoder_start_token_id.");
  for (const end of ["max", "min"]) {
    const [added, length] = [`${end}_new_tokens`, `${end}_length`];
    if (isSet(call, added) && isSet(call, length)) {
      onWarning(
        `Both ${added} = ${quote(call[added])} and ${length} = ${quote(call[length])} are set; ${added} is used.`,
      );
    }
  }
  if (config.processors.minLength > config.maxLength) {
    onWarning(
      `The minimum length (${config.processors.minLength} tokens) is above the maximum length (${config.maxLength} tokens); sequences end at the maximum.`,
    );
  }
}

function checkCounts({ numReturnSequences: wanted, numBeams, doSample }: SearchConfig): void {
  if (wanted > 1 && numBeams === 1 && !doSample) {
    throw new ModelError(
      "invalid_option",
      `generate: num_return_sequences = ${wanted}, but greedy search finds one sequence.`,
      "Set num_beams or do_sample.",
    );
  }
  if (numBeams > 1 && wanted > numBeams) {
    throw new ModelError(
      "invalid_option",
      `generate: num_return_sequences = ${wanted} is more than num_beams = ${numBeams}.`,
      `Set num_beams to at least ${wanted}.`,
    );
  }
}

/** Refuses what `GenerationConfig.validate` and `HammingDiversityLogitsProcessor` of transformers 4.56 refuse, and stop strings. */
function checkGroups(config: SearchConfig, asked: boolean): void {
  const { numBeams, numBeamGroups: groups, diversityPenalty: penalty, doSample, stopStrings } = config;
  const refuse = (message: string, hint: string, code: "invalid_option" | "unsupported_option" = "invalid_option") => {
    throw new ModelError(code, `generate: ${message}`, hint);
  };
  // In a file it may be for other searches.
  if (asked && penalty > 0 && (groups === 1 || numBeams === 1)) {
    const found = `num_beams = ${numBeams} and num_beam_groups = ${groups}`;
    refuse(
      `diversity_penalty = ${penalty} needs at least two groups of beams, but ${found}.`,
      "Set num_beams and num_beam_groups to 2 or more, or leave diversity_penalty out.",
    );
  }
  if (groups === 1 || numBeams === 1) return;
  if (doSample) refuse(`num_beam_groups = ${groups} does not work with do_sample.`, "Leave one of them out.");
  if (numBeams % groups !== 0) {
    refuse(
      `num_beams = ${numBeams} is not a multiple of num_beam_groups = ${groups}.`,
      "Groups must have equal sizes.",
    );
  }
  if (penalty === 0) {
    refuse(`num_beam_groups = ${groups} needs diversity_penalty: without it all groups are equal.`, "Set it above 0.");
  }
  // In transformers they end a batch only when all beams of all rows have one in the same step.
  if (stopStrings.length > 0) {
    refuse("stop_strings is not supported with num_beam_groups.", "Leave one of them out.", "unsupported_option");
  }
}

/** If all forced tokens were suppressed, no token would be left. */
function checkForcedTokens({ processors }: SearchConfig): void {
  const forced = {
    forced_bos_token_id:
      processors.forcedBosTokenIds ?? (processors.forcedBosTokenId === undefined ? [] : [processors.forcedBosTokenId]),
    forced_eos_token_id: processors.forcedEosTokenIds,
  };
  for (const [name, ids] of Object.entries(forced)) {
    if (ids.length > 0 && ids.every((id) => processors.suppressTokens.includes(id))) {
      throw new ModelError(
        "invalid_option",
        `generate: every token of ${name} (${ids.join(", ")}) is also in suppress_tokens.`,
        "Remove it from one of the two options.",
      );
    }
  }
}
