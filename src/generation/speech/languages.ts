/** Which language is spoken: the tokens of languages by their scores after the start token. */

import { ModelError } from "../../errors";
import type { Batch } from "../batch";
import { requireStart } from "../options/file-fields";
import type { SpeechContext } from "./context";
import { speechBatch } from "./features";
import { readWhisperFields, type WhisperFields } from "./whisper-fields";

/** The languages of each row by their probability, most probable first; together they are 1. */
export async function languageProbabilities(
  where: string,
  call: Record<string, unknown>,
  context: SpeechContext,
): Promise<[language: string, probability: number][][]> {
  const { info, file } = context;
  const batch = speechBatch(where, call, info);
  const { languages } = readWhisperFields(context.fields, file, info.targetVocabSize);
  if (info.modelType !== "whisper" || !languages || languages.size === 0) {
    throw new ModelError("unsupported_option", `${where}: this model tells no languages apart.`);
  }
  const scores = await context.scores(batch, requireStart(context.start, file));
  return scores.map((row) => {
    const all = [...languages].map(([name, token]) => [name.replace(/^<\|(.*)\|>$/, "$1"), row[token]] as const);
    const highest = Math.max(...all.map(([, score]) => score));
    const sum = all.reduce((total, [, score]) => total + Math.exp(score - highest), 0);
    const found = all.map(([name, score]): [string, number] => [name, Math.exp(score - highest) / sum]);
    return found.sort(([, a], [, b]) => b - a);
  });
}

/** `detect_language`: the language whose token is the most probable after the start token. */
export async function detectedLanguages(batch: Batch, { languages }: WhisperFields, context: SpeechContext) {
  const tokens = [...(languages?.values() ?? [])];
  const scores = await context.scores(batch, requireStart(context.start, context.file));
  return scores.map((row) => tokens.reduce((best, token) => (row[token] > row[best] ? token : best)));
}
