/** What tests ask of a model that reads sound, through the public API; runs in a page and in Node. */

import type { GenerateOutput, HostTensor, Seq2Seq, Source, SpeechCall } from "../../../src/index";
import { loadForGoldens } from "./in-this-thread";

/** What goes into the passes and calls of a fixture of test/goldens/speech.py. */
export interface SpeechInputs {
  /** The name of the input. */
  input: "input_features" | "input_values";
  /** One for each row: (1, channels, F), or samples (1, n). */
  rows: { data: Float32Array; shape: number[] }[];
  decoder_input_ids: number[][];
  max_new_tokens: number;
  /** By name: options of `generate`. */
  calls: Record<string, SpeechCall>;
  /** Whether windows are judged, as only Whisper's are. */
  judged: boolean;
}

export interface SpeechResult {
  /** By row: (T, V) and (S, D). */
  logits: Float32Array[];
  states: Float32Array[];
  /** The logits of all rows in one pass, (B, T, V). */
  together: Float32Array;
  outputs: Record<string, GenerateOutput>;
  /** Of Whisper, where it knows several. */
  languages?: [language: string, probability: number][][];
  /** Of the last call. */
  alignments?: HostTensor[];
  warnings: string[];
}

export async function runSpeech(
  source: Source,
  device: Seq2Seq["device"],
  { input, rows, decoder_input_ids, max_new_tokens, calls, judged }: SpeechInputs,
): Promise<SpeechResult> {
  const warnings: string[] = [];
  const model = await loadForGoldens(source, { device, onWarning: (message) => warnings.push(message) });
  const given = (values: SpeechInputs["rows"]): SpeechCall =>
    input === "input_features" ? { input_features: values } : { input_values: values.map(({ data }) => data) };
  const passes = [];
  for (const [i, row] of rows.entries()) {
    passes.push(await model.forward({ ...given([row]), decoder_input_ids: [decoder_input_ids[i]] }));
  }
  const together = await model.forward({ ...given(rows), decoder_input_ids });
  const outputs: Record<string, GenerateOutput> = {};
  for (const [name, options] of Object.entries(calls)) {
    outputs[name] = await model.generate({
      ...given(rows),
      max_new_tokens,
      output_scores: true,
      ...(judged && { return_no_speech: true }),
      ...options,
    });
  }
  const multilingual = model.config.generation.is_multilingual === true;
  const languages = multilingual ? await model.detectLanguage(given(rows)) : undefined;
  const heads = model.config.generation.alignment_heads as [number, number][] | undefined;
  const [last] = Object.values(calls).slice(-1);
  const aligned = heads && (await model.generate({ ...given(rows), max_new_tokens, ...last, alignment_heads: heads }));
  await model.dispose();
  return {
    logits: passes.map(({ logits }) => logits.data),
    states: passes.map(({ encoder_last_hidden_state }) => encoder_last_hidden_state.data),
    together: together.logits.data,
    outputs,
    languages,
    alignments: aligned?.alignments,
    warnings,
  };
}
