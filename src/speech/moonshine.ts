/**
 * A transcription by Moonshine, which reads samples and writes text alone. It has no timestamps: segments are stretches of speech with
 * `vad`, else the whole sound.
 */

import { windowsAtPauses, type Span } from "../audio/speech-spans";
import type { Sound } from "../audio/sound";
import { ModelError } from "../errors";
import { optionsAt } from "./idle";
import type { TranscribePlan } from "./transcribe-plan";
import type { SpeechSegmentInfo } from "./transcription";
import type { Call, Found } from "./whisper";
import { generationOptions } from "./whisper-options";

/** Options of Whisper, which has prompts, timestamps and thresholds. */
const WHISPER_ONLY = [
  ...(["language", "task", "prompt", "prompt_ids", "return_language", "compression_ratio_threshold"] as const),
  ...(["logprob_threshold", "no_speech_threshold", "condition_on_prev_tokens", "prompt_condition_type"] as const),
  ...(["chunk_length_s", "stride_length_s", "return_alignment"] as const),
];

/** Stretches of speech are at most this long, in seconds: Moonshine was trained on sound of up to a minute. */
const LONGEST = 30;
/** In samples. A shorter sound does not fill one window of the convolutions. */
const FEWEST = 895;

/** @throws ModelError for options that Moonshine knows nothing of */
export function refuseWhisperOptions({ given, temperatures }: TranscribePlan): void {
  for (const name of WHISPER_ONLY) {
    if (given[name] === undefined) continue;
    throw new ModelError("unsupported_option", `transcribe: ${name} is an option of Whisper, and this is not one.`);
  }
  if (given.return_timestamps) {
    const hint = "With vad, each stretch of speech is a segment with its times.";
    throw new ModelError("unsupported_option", "transcribe: this model has no timestamps.", hint);
  }
  if (temperatures.length > 1) {
    const message = "transcribe: a list of temperatures is an option of Whisper, which has thresholds.";
    throw new ModelError("unsupported_option", message, "Give one temperature.");
  }
}

/** Transcribes sound at 16 kHz. */
export async function transcribeMoonshine(sound: Sound, call: Call): Promise<Found> {
  const { plan, model, tokenizer, signal } = call;
  const rate = sound.sampleRate;
  const spans = call.spans
    ? windowsAtPauses(call.spans, LONGEST * rate).filter(({ start, end }) => end - start >= FEWEST)
    : [{ start: 0, end: sound.length }];
  const [temperature] = plan.temperatures;
  const options = {
    ...optionsAt(generationOptions(plan, model.config.generation), temperature, true),
    ...(temperature > 0 ? { do_sample: true, temperature, num_beams: 1 } : { do_sample: false }),
    signal,
  };
  const stats = { windows: 0, encoded: 0, tokens: 0 };
  const segments: SpeechSegmentInfo[] = [];
  for (const { group, most } of groupsOf(spans, plan, rate)) {
    signal?.throwIfAborted();
    const values = await Promise.all(group.map(async ({ start, end }) => (await sound.read(start, end)).slice()));
    const { sequences } = await model.generate({
      input_values: values,
      ...options,
      ...(most && { max_new_tokens: most }),
    });
    sequences.forEach((sequence, i) => {
      const tokens = sequence.slice(1).filter((token) => !model.config.eos_token_id.includes(token));
      stats.windows++;
      stats.encoded++;
      stats.tokens += tokens.length;
      const { start, end } = group[i];
      const segment = { start: start / rate, end: end / rate, text: tokenizer.decode(tokens), tokens };
      segments.push(segment);
      call.onSegment?.(segment);
    });
    call.onProgress(group[group.length - 1].end);
  }
  const text = segments.map((segment) => segment.text.trim()).join(" ");
  return { text, segments, stats };
}

/** Stretches that are decoded together: neighbours with the same limit of tokens. */
function groupsOf(spans: readonly Span[], { given, batchSize }: TranscribePlan, rate: number) {
  const { tokens_per_second: perSecond } = given;
  const groups: { group: Span[]; most?: number }[] = [];
  for (const span of spans) {
    const seconds = (span.end - span.start) / rate;
    const most = perSecond === undefined ? undefined : Math.max(1, Math.floor(seconds * perSecond));
    const last = groups.at(-1);
    if (last && last.most === most && last.group.length < batchSize) last.group.push(span);
    else groups.push({ group: [span], most });
  }
  return groups;
}
