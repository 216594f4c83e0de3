/**
 * Options that cannot both be meant: impossible ones throw, idle ones warn, as Hugging Face's
 * `GenerationConfig.validate` and `_validate_generated_length` do.
 */

import { ModelError, quote } from "../../errors";
import type { SearchConfig } from "./search-config";
import type { Fields } from "./option-reader";

/** Options that do nothing without do_sample, with the values that ask for nothing. */
const SAMPLING: Record<string, readonly unknown[]> = {
  temperature: [1],
  top_k: [50],
  top_p: [1],
  min_p: [],
  top_h: [],
  typical_p: [1],
  epsilon_cutoff: [0],
  eta_cutoff: [0],
};

/** Likewise without more than one beam. */
const BEAMS: Record<string, readonly unknown[]> = {
  early_stopping: [false],
  length_penalty: [1],
  num_beam_groups: [1],
};

const isSet = (fields: Fields, name: string) => fields[name] !== undefined && fields[name] !== null;

export function contradictions(
  config: SearchConfig,
  own: Fields,
  file: Fields,
  onWarning: (message: string) => void = () => undefined,
): void {
  checkCounts(config);
  checkGroups(config);
  checkForcedTokens(config);

  const warnIdle = (options: typeof SAMPLING, outer: string, needed: string): void => {
    for (const [name, neutral] of Object.entries(options)) {
      const value = own[name] ?? file[name];
      if (value === undefined || value === null || neutral.includes(value)) continue;
      // Nothing is said where the caller set `outer` against what the file says.
      if (!isSet(own, name) && isSet(own, outer)) continue;
      onWarning(`${name} = ${quote(value)} does nothing without ${needed}. Set ${outer}, or leave ${name} out.`);
    }
  };
  if (!config.doSample) {
    warnIdle(SAMPLING, "do_sample", "do_sample: true");
    if (isSet(own, "seed")) onWarning("seed does nothing without do_sample: true.");
  }
  if (config.numBeams === 1) warnIdle(BEAMS, "num_beams", "num_beams above 1");
  for (const end of ["max", "min"]) {
    const [added, length] = [`${end}_new_tokens`, `${end}_length`];
    if (isSet(own, added) && isSet(own, length)) {
      onWarning(`Both ${added} = ${quote(own[added])} and ${length} = ${quote(own[length])} are set: ${added} counts.`);
    }
  }
  if (config.processors.minLength > config.maxLength) {
    onWarning(
      `The shortest sequence asked for (${config.processors.minLength} tokens) is longer than the longest (${config.maxLength}); it ends there.`,
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
      "Set num_beams to at least as many.",
    );
  }
}

/** What `GenerationConfig.validate` and `HammingDiversityLogitsProcessor` of transformers 4.56 refuse, and stop strings. */
function checkGroups(config: SearchConfig): void {
  const { numBeams, numBeamGroups: groups, diversityPenalty: penalty, doSample, stopStrings } = config;
  const refuse = (message: string, hint: string, code: "invalid_option" | "unsupported_option" = "invalid_option") => {
    throw new ModelError(code, `generate: ${message}`, hint);
  };
  if (penalty > 0 && (groups === 1 || numBeams === 1)) {
    const found = `num_beams = ${numBeams} and num_beam_groups = ${groups}`;
    refuse(
      `diversity_penalty = ${penalty} needs groups of beams, not ${found}.`,
      "Set both to 2 at least, or it to 0.",
    );
  }
  if (groups === 1 || numBeams === 1) return;
  if (doSample) refuse(`num_beam_groups = ${groups} with do_sample: groups do not draw.`, "Leave one of them out.");
  if (numBeams % groups !== 0) {
    refuse(`num_beams = ${numBeams} can't be divided into num_beam_groups = ${groups}.`, "Make it a multiple.");
  }
  if (penalty === 0) {
    refuse(`num_beam_groups = ${groups} without diversity_penalty: all groups would be the same.`, "Set it above 0.");
  }
  // There they end a batch only where all beams of all its rows have one in the same step.
  if (stopStrings.length > 0) {
    refuse("stop_strings is not supported with num_beam_groups.", "Leave one of them out.", "unsupported_option");
  }
}

/** A token that is forced and suppressed at once would leave no token at all. */
function checkForcedTokens({ processors }: SearchConfig): void {
  const forced = {
    forced_bos_token_id: processors.forcedBosTokenId === undefined ? [] : [processors.forcedBosTokenId],
    forced_eos_token_id: processors.forcedEosTokenIds,
  };
  for (const [name, ids] of Object.entries(forced)) {
    if (ids.length > 0 && ids.every((id) => processors.suppressTokens.includes(id))) {
      throw new ModelError(
        "invalid_option",
        `generate: every token of ${name} (${ids.join(", ")}) is in suppress_tokens, too.`,
        "Take it out of one of them.",
      );
    }
  }
}
