/** The model of Speak, and what it can do: a Whisper knows times, some know languages; a Moonshine knows neither. */

import { Seq2Seq, Transcriber, type LoadOptions } from "../../../src/index";
import type { ModelChoice } from "../../shell/model-source";

export interface SpeechModel {
  name: string;
  transcriber: Transcriber;
  device: Seq2Seq["device"];
  /** Whether it writes timestamps, without which there is no live text. */
  hasTimes: boolean;
  /** Whether its files say which heads know when a word is said. */
  hasWords: boolean;
  /** Codes of the languages that it tells apart; one that knows English alone has none. */
  languages: readonly string[];
  free: () => void;
}

/** @throws ModelError for a model that does not read sound, and those of a load */
export async function loadSpeech(choice: ModelChoice, options: LoadOptions): Promise<SpeechModel> {
  const model = await Seq2Seq.load(choice.source, options);
  try {
    const { input, generation } = model.config;
    const hasTimes = input?.name === "input_features";
    // Without timestamps, stretches of speech are the segments.
    const transcriber = await Transcriber.create({ model, vad: !hasTimes });
    const languages = generation.is_multilingual
      ? Object.keys((generation.lang_to_id as object | undefined) ?? {})
      : [];
    return {
      name: choice.name,
      transcriber,
      device: model.device,
      hasTimes,
      hasWords: hasTimes && Array.isArray(generation.alignment_heads),
      languages: languages.map((token) => token.slice(2, -2)),
      free() {
        transcriber.destroy();
        void model.dispose();
      },
    };
  } catch (error) {
    await model.dispose();
    throw error;
  }
}
