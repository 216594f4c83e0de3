/**
 * What a sequence of Whisper begins with: start token, language, task, and the token that turns timestamps off
 * (`_retrieve_init_tokens` of transformers' generation_whisper.py), after a prompt where there is one.
 */

import { ModelError, quote } from "../../errors";
import { LANGUAGE_CODES, LANGUAGES } from "../../util/spoken-languages";
import type { WhisperFields } from "./whisper-fields";

/** The options of a call that choose the prompt. */
export interface PromptOptions {
  language?: unknown;
  task?: unknown;
  return_timestamps?: unknown;
}

export interface Prompts {
  /** By row; each has its language. */
  tokens: number[][];
  timestamps: boolean;
}

const TASKS = ["transcribe", "translate"];

const invalid = (message: string, hint?: string): ModelError => new ModelError("invalid_option", message, hint);

/**
 * @param detect finds the token of the language of each row
 * @throws ModelError for a language or task that the model does not know
 */
export async function initialTokens(
  options: PromptOptions,
  fields: WhisperFields,
  start: number,
  rows: number,
  detect: () => Promise<number[]>,
): Promise<Prompts> {
  const timestamps = readTimestamps(options.return_timestamps, fields);
  checkMultilingual(options, fields);
  const task = readTask(options.task ?? fields.task, fields);
  const given = options.language ?? fields.language;
  const forced = task === undefined && given === undefined ? (fields.forced ?? []) : [];
  const undetermined = forced.length === 0 || forced[0] === null;
  const languages =
    given !== undefined
      ? languageTokens(given, fields, rows)
      : fields.languages && undetermined
        ? await detect()
        : undefined;
  const tokens = Array.from({ length: rows }, (_, row) => {
    const prompt: (number | null)[] = [start, ...forced];
    if (languages) prompt[1] = languages[row];
    if (task !== undefined) prompt.push(task);
    else if (given !== undefined && fields.tasks) {
      const all = [...fields.tasks.values()];
      const transcribe = fields.tasks.get("transcribe");
      if (transcribe !== undefined && !prompt.some((token) => token !== null && all.includes(token)))
        prompt.push(transcribe);
    }
    const { noTimestamps } = fields;
    if (noTimestamps !== undefined) {
      const last = prompt[prompt.length - 1];
      if (!timestamps && last !== noTimestamps) prompt.push(noTimestamps);
      if (timestamps && last === noTimestamps) prompt.pop();
    }
    return prompt.filter((token) => token !== null);
  });
  return { tokens, timestamps };
}

function readTimestamps(value: unknown, { returnTimestamps, noTimestamps }: WhisperFields): boolean {
  const wanted = value ?? returnTimestamps;
  if (wanted !== true && wanted !== false && wanted !== "word") {
    throw invalid(`generate: return_timestamps must be true, false or "word", not ${quote(wanted)}.`);
  }
  if (wanted !== false && noTimestamps === undefined) {
    throw invalid("generate: return_timestamps needs no_timestamps_token_id in generation_config.json.");
  }
  return wanted !== false;
}

function checkMultilingual({ language, task }: PromptOptions, { isMultilingual }: WhisperFields): void {
  if (isMultilingual !== false || (language === undefined && task === undefined)) return;
  const name = language === undefined ? "task" : "language";
  throw invalid(`generate: ${name} was given, but this model is for English only.`, `Leave ${name} out.`);
}

function readTask(task: unknown, { tasks }: WhisperFields): number | undefined {
  if (task === undefined) return undefined;
  if (typeof task !== "string" || !TASKS.includes(task)) {
    throw invalid(`generate: task must be ${TASKS.map(quote).join(" or ")}, not ${quote(task)}.`);
  }
  const token = tasks?.get(task);
  if (token === undefined)
    throw invalid(`generate: task ${quote(task)} is not in task_to_id of generation_config.json.`);
  return token;
}

/** One language for all rows, or one per row. */
function languageTokens(given: unknown, fields: WhisperFields, rows: number): number[] {
  const list: unknown[] = Array.isArray(given) ? given : new Array<unknown>(rows).fill(given);
  if (list.length !== rows) {
    throw invalid(`generate: language has ${list.length} entries, but there are ${rows} rows.`);
  }
  return list.map((language) => languageToken(language, fields));
}

function languageToken(language: unknown, { languages }: WhisperFields): number {
  if (typeof language !== "string") throw invalid(`generate: language must be a text, not ${quote(language)}.`);
  if (!languages) throw invalid("generate: language needs lang_to_id in generation_config.json.");
  const text = language.toLowerCase();
  const token = languages.get(text) ?? languages.get(`<|${LANGUAGE_CODES.get(text) ?? text}|>`);
  if (token !== undefined) return token;
  const names = [...languages.keys()].map((name) => LANGUAGES.get(name.slice(2, -2)) ?? name);
  throw new ModelError(
    "unsupported_option",
    `generate: language ${quote(language)} is not one of this model.`,
    `Its languages: ${names.join(", ")}.`,
  );
}
