/** How the windows of one sound begin: start token, language, task. The language is detected once for each sound. */

import type { WhisperFields } from "../generation/speech/whisper-fields";
import { initialTokens } from "../generation/speech/whisper-prompts";
import { LANGUAGE_CODES, LANGUAGES } from "../util/spoken-languages";
import type { SpeechModel } from "./model";
import type { InitialTokens } from "./windows";

/** The options of a call that decide it. */
export interface OpeningOptions {
  language?: string;
  task?: string;
  timestamps: boolean;
}

export interface Opening {
  initial: InitialTokens;
  /** Its code, once it is known. */
  language: string | undefined;
  /** Where it was detected. */
  probability?: number;
}

/** @param start the token that every sequence begins with */
export function createOpening(
  model: Pick<SpeechModel, "detectLanguage">,
  start: number,
  fields: WhisperFields,
  { language, task, timestamps }: OpeningOptions,
): Opening {
  const named = language ?? fields.language;
  const opening: Opening = {
    language: named === undefined ? undefined : codeOf(named),
    async initial(first) {
      const detect = async (): Promise<number[]> => {
        const [[[code, probability]]] = await model.detectLanguage({ input_features: first });
        opening.language = code;
        opening.probability = probability;
        return [fields.languages!.get(`<|${code}|>`)!];
      };
      const options = { language, task, return_timestamps: timestamps };
      const { tokens } = await initialTokens(options, fields, start, 1, detect);
      return tokens[0];
    },
  };
  return opening;
}

/** Of a language that is given by code, name or token, in any case. */
function codeOf(language: string): string {
  const text = language.toLowerCase().replace(/^<\|(.*)\|>$/, "$1");
  return LANGUAGE_CODES.get(text) ?? text;
}

/** transformers names languages in English. */
export const nameOf = (code: string | undefined): string | undefined =>
  code === undefined ? undefined : LANGUAGES.get(code);
