/**
 * The generation options of a model's folder, as transformers 5.24 takes them. A file was written by other software: what
 * asks for nothing here, or does nothing there, is left out and reported; what changes the result is kept, and
 * resolve.ts refuses it if it is impossible.
 */

import { ModelError, quote } from "../../errors";
import type { ModelInfo } from "../../models/model";
import { CALL_ONLY, checkNames, FILE_REFUSES, METADATA, NEUTRAL, SUPPORTED } from "./option-names";
import { isToken, type Fields } from "./option-reader";

/** What of a file counts. */
export interface FileOptions {
  fields: Record<string, unknown>;
  /** Names of fields that are not read, some with the value that is not. */
  unread: string[];
}

/** Values that have no effect without sampling and are worth no report. */
const WITHOUT_SAMPLING: Readonly<Record<string, unknown>> = {
  ...{ temperature: 1, top_k: 50, top_p: 1, min_p: undefined, top_h: undefined, typical_p: 1 },
  ...{ epsilon_cutoff: 0, eta_cutoff: 0 },
};

/** The same without beams. */
const WITHOUT_BEAMS: Readonly<Record<string, unknown>> = {
  ...{ early_stopping: false, length_penalty: 1, num_beam_groups: 1, diversity_penalty: 0 },
};

/** A value as it counts; undefined: not at all. `report` adds it to what is not read. */
type Rule = (value: unknown, report: (detail?: unknown) => void, info: ModelInfo) => unknown;

/** 0 and below are off. */
const positiveOrOff: Rule = (value, report) => {
  if (typeof value !== "number" || value > 0) return value;
  if (value < 0) report(value);
  return undefined;
};

/** Ids outside of the vocabulary never come up. */
const idsOfVocabulary: Rule = (value, report, { targetVocabSize }) => {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  if (!list.every(Number.isInteger)) return value;
  return list.filter((id) => isToken(id, targetVocabSize) || void report(id));
};

/** The same, in a list; another value is refused later. */
const listOfIds: Rule = (value, report, info) => (Array.isArray(value) ? idsOfVocabulary(value, report, info) : value);

/** Only true is true. */
const onlyTrue: Rule = (value, report) => {
  if (typeof value === "boolean") return value;
  report(value);
  return undefined;
};

/** Nothing depends on it where it is not in a vocabulary. */
const spareToken: Rule = (value, report, { sourceVocabSize, targetVocabSize }) =>
  isToken(value, Math.max(sourceVocabSize, targetVocabSize)) ? value : void report(value);

/** 1 and above are off. */
const belowOne: Rule = (value) => (typeof value === "number" && value >= 1 ? undefined : value);

/** Off but between 0 and 1. */
const betweenZeroAndOne: Rule = (value) => (typeof value === "number" && !(value > 0 && value < 1) ? undefined : value);

const RULES: Readonly<Record<string, Rule>> = {
  eos_token_id: idsOfVocabulary,
  suppress_tokens: listOfIds,
  begin_suppress_tokens: listOfIds,
  pad_token_id: spareToken,
  bos_token_id: spareToken,
  no_repeat_ngram_size: positiveOrOff,
  encoder_no_repeat_ngram_size: positiveOrOff,
  min_length: positiveOrOff,
  // It goes before min_length, whatever it is.
  min_new_tokens: (value, report, info) => (positiveOrOff(value, report, info) === undefined ? 0 : value),
  renormalize_logits: onlyTrue,
  remove_invalid_values: onlyTrue,
  // `is True` decides in beam search.
  early_stopping: (value, report) => {
    if (value !== 1 && value !== 0) return value;
    if (value === 1) report(value);
    return false;
  },
  top_p: belowOne,
  typical_p: belowOne,
  epsilon_cutoff: betweenZeroAndOne,
  eta_cutoff: betweenZeroAndOne,
  // transformers 5 reads it over.
  forced_decoder_ids: (_, report) => void report(),
};

/** @throws ModelError `unsupported_option` for what would change the result and is not implemented */
export function readFileFields(given: Fields, file: string, info: ModelInfo): FileOptions {
  const fields: Record<string, unknown> = {};
  const unread: string[] = [];
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null || METADATA.includes(name)) continue;
    if (FILE_REFUSES.includes(name)) checkNames({ [name]: value }, file);
    if (!SUPPORTED.includes(name)) {
      if (isIdle(name, value)) continue;
      // Whether it does something depends on the search.
      if (name === "penalty_alpha" || name === "dola_layers") fields[name] = value;
      else unread.push(name);
      continue;
    }
    const report = (detail?: unknown): void => {
      unread.push(detail === undefined ? name : `${name} ${quote(detail)}`);
    };
    const kept = Object.hasOwn(RULES, name) ? RULES[name](value, report, info) : value;
    if (kept !== undefined) fields[name] = kept;
  }
  const idle = {
    ...(fields.do_sample === true ? {} : WITHOUT_SAMPLING),
    ...(typeof fields.num_beams === "number" && fields.num_beams > 1 ? {} : WITHOUT_BEAMS),
  };
  for (const [name, neutral] of Object.entries(idle)) {
    const value = fields[name];
    if (value !== undefined && value !== neutral) unread.push(`${name} ${quote(value)}`);
  }
  return { fields, unread };
}

function isIdle(name: string, value: unknown): boolean {
  if (CALL_ONLY.includes(name)) return value === false;
  if (!Object.hasOwn(NEUTRAL, name)) return false;
  return NEUTRAL[name].values.includes(value) || (Array.isArray(value) && value.length === 0);
}

/** Stands for a start token that nothing names. */
export const NO_START = -1;

/**
 * Warnings of a file without end token, which ends no sequence, and of one without start token, where sequences begin with
 * `bos_token_id`: transformers looks nowhere else (`_prepare_special_tokens`).
 * @param info what config.json says, which does not count
 */
export function openTokens(fields: Fields, file: string, info: ModelInfo): string[] {
  const warnings: string[] = [];
  const { eos_token_id: eos, decoder_start_token_id: start, bos_token_id: bos } = fields;
  const named = info.eosTokenIds.join(", ");
  if ((eos === undefined || (Array.isArray(eos) && eos.length === 0)) && named !== "") {
    warnings.push(
      `${file} has no eos_token_id, so nothing ends a sequence before its maximum length, as in transformers; the model's own is ${named}.`,
    );
  }
  if (start === undefined && bos !== info.decoderStartTokenId) {
    const then =
      bos === undefined ? " and no bos_token_id: each call has to name one" : `: bos_token_id ${quote(bos)} is used`;
    warnings.push(
      `${file} has no decoder_start_token_id${then}, as in transformers; the model's own is ${info.decoderStartTokenId}.`,
    );
  }
  return warnings;
}

/** Contrastive search and DoLa, which a file asks for and which only some searches do. */
export function checkDeferred(
  fields: Fields,
  file: string,
  search: { greedy: boolean; samples: boolean; topK: number },
) {
  const { penalty_alpha: alpha, dola_layers: layers } = fields;
  const contrastive = search.greedy && !search.samples && search.topK > 1 && typeof alpha === "number" && alpha > 0;
  if (contrastive) checkNames({ penalty_alpha: alpha }, file);
  if (search.greedy && layers !== undefined) checkNames({ dola_layers: layers }, file);
}

/** @throws ModelError where nothing names the token that sequences begin with */
export function requireStart(token: number | undefined, file: string): number {
  if (token !== undefined) return token;
  throw new ModelError(
    "invalid_option",
    `${file} has neither decoder_start_token_id nor bos_token_id.`,
    "Pass decoder_start_token_id.",
  );
}
