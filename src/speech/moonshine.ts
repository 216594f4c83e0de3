/**
 * A transcription by a model that reads samples and writes text alone (Moonshine). It has no timestamps: segments are stretches of
 * speech with `vad`, else the whole sound, or chunks that transformers' pipeline joins by their text.
 */

import { windowsAtPauses } from "../audio/speech-spans";
import type { Sound } from "../audio/sound";
import { ModelError } from "../errors";
import { chunksOf } from "./chunks";
import type { SpeechSegmentInfo } from "./transcription";
import type { Call, Found } from "./whisper";

/** Options of Whisper, which has prompts, timestamps and thresholds. */
const WHISPER_ONLY = [
  "language",
  "task",
  "prompt",
  "prompt_ids",
  "return_language",
  "compression_ratio_threshold",
  "logprob_threshold",
  "no_speech_threshold",
  "condition_on_prev_tokens",
  "prompt_condition_type",
] as const;

/** Stretches of speech are at most this long, in seconds: Moonshine was trained on sound of up to a minute. */
const LONGEST = 30;

export async function transcribeMoonshine(sound: Sound, call: Call): Promise<Found> {
  const { plan, model, tokenizer, signal } = call;
  for (const name of WHISPER_ONLY) {
    if (plan.given[name] === undefined) continue;
    throw new ModelError("unsupported_option", `transcribe: ${name} is an option of Whisper, and this is not one.`);
  }
  if (plan.given.return_timestamps) {
    const hint = "With vad, each stretch of speech is a segment with its times.";
    throw new ModelError("unsupported_option", "transcribe: this model has no timestamps.", hint);
  }
  const [temperature] = plan.temperatures;
  if (plan.temperatures.length > 1)
    throw new ModelError("unsupported_option", "transcribe: a list of temperatures is an option of Whisper.");
  const rate = sound.sampleRate;
  const { chunk_length_s, stride_length_s } = plan.given;
  const spans = call.spans
    ? windowsAtPauses(call.spans, LONGEST * rate)
    : chunk_length_s !== undefined
      ? chunksOf(sound.length, rate, chunk_length_s, stride_length_s)
      : [{ start: 0, end: sound.length }];
  const stats = { windows: 0, tokens: 0 };
  const tokens: number[][] = [];
  const segments: SpeechSegmentInfo[] = [];
  for (let first = 0; first < spans.length; first += plan.batchSize) {
    signal?.throwIfAborted();
    const group = spans.slice(first, first + plan.batchSize);
    const values = await Promise.all(group.map(async ({ start, end }) => (await sound.read(start, end)).slice()));
    const { sequences } = await model.generate({
      input_values: values,
      ...generationOptions(plan.generation, model.config.generation),
      ...(temperature > 0 ? { do_sample: true, temperature, num_beams: 1 } : { do_sample: false }),
      signal,
    });
    sequences.forEach((sequence, i) => {
      const own = sequence.slice(1).filter((token) => !model.config.eos_token_id.includes(token));
      stats.windows++;
      stats.tokens += own.length;
      tokens.push(own);
      const { start, end } = group[i];
      const segment = { start: start / rate, end: end / rate, text: tokenizer.decode(own), tokens: own };
      segments.push(segment);
      if (chunk_length_s === undefined) call.onSegment?.(segment);
    });
    call.onProgress(group[group.length - 1].end);
  }
  if (chunk_length_s === undefined) {
    const text = segments.map((segment) => segment.text).join(call.spans ? " " : "");
    return { text, segments, stats };
  }
  const text = tokenizer.decode(joinByText(tokens));
  const whole = { start: 0, end: sound.length / rate, text };
  call.onSegment?.(whole);
  return { text, segments: [whole], stats };
}

/** `_find_longest_common_sequence` of transformers' pipeline, for models other than Whisper. */
export function joinByText(lists: readonly (readonly number[])[]): number[] {
  const sequence = [...(lists[0] ?? [])];
  for (const next of lists.slice(1)) {
    let index = 0;
    let best = 0;
    for (let i = 1; i <= next.length; i++) {
      const tail = sequence.slice(-i);
      // numpy finds lists of different lengths to be unequal.
      const matches = tail.length === i ? tail.reduce((sum, token, k) => sum + Number(token === next[k]), 0) : 0;
      const score = matches / i + i / 10000;
      if (matches > 1 && score > best) [index, best] = [i, score];
    }
    sequence.push(...next.slice(index));
  }
  return sequence;
}

/** The pipeline's defaults, where neither the call nor the files say anything. */
function generationOptions(given: Readonly<Record<string, unknown>>, file: Readonly<Record<string, unknown>>) {
  const isSet = (name: string): boolean => (given[name] ?? file[name] ?? undefined) !== undefined;
  return {
    ...given,
    ...(isSet("num_beams") ? {} : { num_beams: 5 }),
    ...(isSet("max_length") || isSet("max_new_tokens") ? {} : { max_new_tokens: 256 }),
  };
}
