/**
 * Goes through a sound window by window, as `WhisperGenerationMixin.generate` of transformers: each window begins where the last
 * timestamps of the one before say, may be decoded again at higher temperatures, and may have the text before as its prompt.
 * A loop asks for windows to be decoded and is given the results, so that those of several sounds can be one batch.
 */

import type { LogMel, MelFeatures } from "../audio/log-mel";
import { compressionRatio } from "./ratio";
import { INPUT_STRIDE, splitAtStamps, TIME_PRECISION, type TokenSegment } from "./segments";
import { firstFrames, type HeadWeights } from "./warping";

/** Options of the loop, with the names of transformers. */
export interface WindowOptions {
  /** In turn, until no threshold is missed; 0 is greedy search or beams. */
  temperatures: readonly number[];
  /** A window with a higher ratio is decoded again at the next temperature. */
  compressionRatioThreshold?: number;
  /** A window with a lower average of log-probabilities is decoded again. */
  logprobThreshold?: number;
  /** Such a window is skipped if silence is more probable than this. */
  noSpeechThreshold?: number;
  conditionOnPrevTokens: boolean;
  promptConditionType: "first-segment" | "all-segments";
  /** Tokens before every window, <|startofprev|> first; with `conditionOnPrevTokens` the beginning of the history. */
  promptIds?: readonly number[];
  /** `max_length`, which grows by each prompt; undefined with `max_new_tokens`. */
  maxLength?: number;
  /** Whether the attention of the alignment heads is asked for, and the width of its median. */
  words?: { medianWidth: number };
}

/** What the model's files say. */
export interface WindowModel {
  /** Frames of a window: 3000. */
  windowFrames: number;
  /** Positions of the decoder: 448. */
  targetLength: number;
  vocabSize: number;
  firstStamp: number;
  /** <|startofprev|> */
  startofprev?: number;
}

/** A window to decode. */
export interface WindowRequest {
  features: MelFeatures;
  /** All tokens that the transcript comes after. */
  prompt: number[];
  temperature: number;
  /** False once a window was sampled: transformers searches without beams from then on. */
  beams: boolean;
  maxLength?: number;
}

/** What became of it. */
export interface WindowResult {
  /** The generated tokens, with the end token if it came. */
  tokens: number[];
  ended: boolean;
  avg_logprob: number;
  no_speech_prob: number;
  /** (A, T, S): the attention of the heads, prompt rows first. */
  alignment?: HeadWeights;
}

/** The tokens that every window of a sound begins with: start, language, task. */
export type InitialTokens = (firstWindow: MelFeatures) => Promise<readonly number[]>;

/** A segment with what is known of its window. */
export interface SpeechSegment extends TokenSegment {
  avg_logprob: number;
  no_speech_prob: number;
  compression_ratio: number;
  temperature: number;
  /** With words: when each token ends, in seconds of the sound. */
  times?: number[];
}

/** The segments of one window, as soon as they are there. */
export interface WindowDone {
  segments: SpeechSegment[];
  /** Frames of the sound that are done. */
  seek: number;
}

/**
 * @param mel the features; the padding of a short sound is among their frames
 * @param soundFrames frames that are sound, for the times of words
 * @param onWindow is told each window
 * @returns the segments of the whole sound
 */
export async function* windowLoop(
  mel: LogMel,
  soundFrames: number,
  initial: InitialTokens,
  model: WindowModel,
  options: WindowOptions,
  onWindow: (done: WindowDone) => void = () => undefined,
): AsyncGenerator<WindowRequest, SpeechSegment[], WindowResult> {
  const { windowFrames } = model;
  const { frames } = mel;
  const { promptIds } = options;
  const segments: SpeechSegment[] = [];
  /** Tokens that a prompt is made of. */
  const history: (readonly number[])[] = [];
  if (promptIds && options.promptConditionType === "first-segment")
    history.push(promptIds[0] === model.startofprev ? promptIds.slice(1) : promptIds);
  let first: readonly number[] | undefined;
  let conditions = options.conditionOnPrevTokens;
  let { maxLength } = options;
  let beams = true;

  for (let seek = 0; seek < frames;) {
    const own = Math.min(windowFrames, frames - seek);
    const features = await mel.window(seek, windowFrames);
    const before = conditions && history.length > 0 ? previous(history, model, options) : (promptIds ?? []);
    first ??= await initial(features);
    const prompt = [...before, ...first];

    let result: WindowResult | undefined;
    let temperature = 0;
    let ratio = 0;
    let skip = false;
    for (temperature of options.temperatures) {
      if (temperature > 0) beams = false;
      result = yield { features, prompt, temperature, beams, maxLength };
      ratio = compressionRatio(result.tokens, model.vocabSize);
      const judged = judge(result, ratio, options);
      skip = judged.skip;
      conditions = options.conditionOnPrevTokens && temperature < 0.5;
      if (!judged.again) break;
    }
    if (!result) return segments;
    if (maxLength !== undefined) {
      const counted = Math.min(Math.floor(model.targetLength / 2) - 1, prompt.length);
      maxLength = Math.min(maxLength + counted, model.targetLength);
    }
    const found: SpeechSegment[] = [];
    if (skip) seek += own;
    else {
      const offset = (seek * TIME_PRECISION) / INPUT_STRIDE;
      const tokens = result.ended ? result.tokens.slice(0, -1) : result.tokens;
      const split = splitAtStamps(tokens, model.firstStamp, offset, own);
      const times = options.words && tokenTimes(result, prompt.length, soundFrames - seek, offset, options.words);
      const { avg_logprob, no_speech_prob } = result;
      for (const segment of split.segments) {
        const { from, tokens } = segment;
        const own = times ? { times: times.slice(from, from + tokens.length) } : {};
        found.push({ ...segment, ...own, avg_logprob, no_speech_prob, compression_ratio: ratio, temperature });
      }
      seek += split.advance;
    }
    segments.push(...found);
    history.push(...found.map(({ tokens }) => tokens));
    onWindow({ segments: found, seek: Math.min(seek, frames) });
  }
  return segments;
}

/** `_need_fallback` */
function judge(result: WindowResult, ratio: number, options: WindowOptions): { again: boolean; skip: boolean } {
  const { compressionRatioThreshold, logprobThreshold, noSpeechThreshold } = options;
  const repeats = compressionRatioThreshold !== undefined && ratio > compressionRatioThreshold;
  const unlikely = logprobThreshold !== undefined && result.avg_logprob < logprobThreshold;
  const silent = noSpeechThreshold !== undefined && unlikely && result.no_speech_prob > noSpeechThreshold;
  return { again: (repeats || unlikely) && !silent, skip: silent };
}

/** <|startofprev|>, or the prompt, and the last 223 tokens of what came before. */
function previous(
  history: readonly (readonly number[])[],
  { targetLength, firstStamp, startofprev }: WindowModel,
  { promptIds, promptConditionType }: WindowOptions,
): number[] {
  const tokens = history.flatMap((list) => {
    // Of two stamps at the end one is for the reader of segments.
    const isPair = list.length > 2 && list[list.length - 2] >= firstStamp;
    return isPair ? list.slice(0, -1) : list;
  });
  const start = promptIds && promptConditionType === "all-segments" ? promptIds : [startofprev];
  const most = Math.floor(targetLength / 2) - 1;
  return [...start.filter((token) => token !== undefined), ...tokens.slice(-most)];
}

/** When each token of the window begins in seconds of the sound, in float32 as torch has it. */
export function tokenTimes(
  { alignment, tokens }: WindowResult,
  promptLength: number,
  soundFrames: number,
  offset: number,
  { medianWidth }: { medianWidth: number },
): number[] {
  const second = (frame: number): number => Math.fround(Math.fround(frame * TIME_PRECISION) + Math.fround(offset));
  if (!alignment || tokens.length < 2) return tokens.map(() => second(0));
  const [heads, rows, columns] = alignment.shape;
  const own = rows - promptLength;
  const data = new Float32Array(heads * own * columns);
  for (let head = 0; head < heads; head++)
    for (let i = 0; i < own * columns; i++)
      data[head * own * columns + i] = alignment.data[(head * rows + promptLength) * columns + i];
  const shape = [heads, own, columns] as const;
  const frames = firstFrames({ data, shape }, Math.floor(soundFrames / INPUT_STRIDE), medianWidth);
  // The last token has no row: it gets the time of the one before.
  return [...frames, frames[frames.length - 1]].map(second);
}
