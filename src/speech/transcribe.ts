/** One transcription from any sound: opens it, finds speech if asked to, and runs the loops of the model's family. */

import { openSound, type SoundData } from "../audio/input";
import { speechSpans, type Span, type VadOptions } from "../audio/speech-spans";
import { SAMPLE_RATE, type Sound } from "../audio/sound";
import { speechProbabilities, type VadWeights } from "../audio/vad";
import { ModelError } from "../errors";
import type { Tokenizer } from "../text/tokenizer";
import { whisperSizes, type SpeechModel } from "./model";
import { refuseWhisperOptions, transcribeMoonshine } from "./moonshine";
import type { TranscribeOptions } from "./options";
import { checkTranscribeOptions, type TranscribePlan } from "./transcribe-plan";
import type { TranscriptionData } from "./transcription";
import { transcribeWhisper, type Call } from "./whisper";

/** A model with what belongs to a transcriber. */
export interface Speech {
  model: SpeechModel;
  tokenizer: Tokenizer;
  /** Loads the voice detector from its file or the file's address. */
  vadWeights: (source: string | Blob) => Promise<VadWeights>;
  warn: (message: string) => void;
}

/** @throws ModelError; `signal.reason` once aborted */
export async function transcribe(
  speech: Speech,
  input: SoundData,
  options: TranscribeOptions,
  signal?: AbortSignal,
  where = "transcribe",
): Promise<TranscriptionData> {
  const { model, tokenizer, vadWeights } = speech;
  const started = performance.now();
  const plan = planOf(speech, options, where);
  const sound = await openSound(input, SAMPLE_RATE);
  if (sound.length === 0) throw new ModelError("invalid_input", "transcribe: the sound is empty.");
  const total = sound.length / SAMPLE_RATE;
  const { onProgress, onSegment, vad } = options;
  let done = -1;
  const report = (samples: number): void => {
    if (samples <= done) return;
    done = samples;
    onProgress?.({ seconds: samples / SAMPLE_RATE, total });
  };
  report(0);
  const spans = vad
    ? await findSpeech(await vadWeights(detectorOf(vad)), sound, vad === true ? {} : vad, signal)
    : undefined;
  const call: Call = { model, tokenizer, plan, signal, spans, onSegment, onProgress: report };
  const found = await (isWhisper(model) ? transcribeWhisper(sound, call) : transcribeMoonshine(sound, call));
  signal?.throwIfAborted();
  report(sound.length);
  const seconds = (performance.now() - started) / 1000;
  const stats = { ...found.stats, seconds, real_time_factor: total / seconds };
  return { ...found, duration: total, stats };
}

/** The options, checked for this model. */
export function planOf({ model, warn }: Speech, options: TranscribeOptions, where: string): TranscribePlan {
  const plan = checkTranscribeOptions(where, options, model.config.generation, warn);
  if (!isWhisper(model)) {
    refuseWhisperOptions(plan);
    return plan;
  }
  if (options.tokens_per_second !== undefined)
    throw new ModelError("unsupported_option", `${where}: tokens_per_second is an option of Moonshine.`);
  const { windowSeconds } = whisperSizes(model.config);
  if (Number(options.chunk_length_s) > windowSeconds) {
    const window = `this model's window of ${windowSeconds} s`;
    warn(`${where}: chunk_length_s is longer than ${window}, and the rest of a chunk is not heard.`);
  }
  return plan;
}

const isWhisper = ({ config }: SpeechModel): boolean => config.model_type === "whisper";

async function findSpeech(
  weights: VadWeights,
  sound: Sound,
  options: VadOptions,
  signal?: AbortSignal,
): Promise<Span[]> {
  const probabilities = await speechProbabilities(weights, sound, () => signal?.throwIfAborted());
  return speechSpans(probabilities, sound.length, options);
}

/** @throws ModelError where nobody has said which file the detector is */
export function detectorOf(vad: boolean | VadOptions): string | Blob {
  const model = typeof vad === "object" ? vad.model : undefined;
  if (model === undefined) throw new ModelError("invalid_option", "transcribe: vad needs the weights of a detector.");
  return model instanceof URL ? model.href : model;
}
