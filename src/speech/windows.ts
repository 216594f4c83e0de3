/**
 * Goes through a sound window by window, as `WhisperGenerationMixin.generate` of transformers: each window begins where the last
 * timestamps of the one before say, may be decoded again at higher temperatures, and may have the text before as its prompt.
 * A loop asks for windows to be decoded and is given the results, so that those of several sounds can be one batch.
 */

import type { LogMel, MelFeatures } from "../audio/log-mel";
import { invariant } from "../errors";
import { TIME_PRECISION } from "../util/timestamps";
import { alignWindow, partOf, tokenTimes, type SegmentAlignment } from "./alignment";
import { compressionRatio } from "./ratio";
import { INPUT_STRIDE, splitAtStamps, type TokenSegment } from "./segments";
import type { HeadWeights } from "./warping";

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
  /** Whether the attention of the alignment heads is asked for, the width of its median, and whether segments keep it. */
  words?: { medianWidth: number; keepsAlignment?: boolean };
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
  /** Whether it was decoded before, at a lower temperature. */
  again: boolean;
}

/** What became of it. */
export interface WindowResult {
  /** The generated tokens, with the end token if it came. */
  tokens: number[];
  ended: boolean;
  avg_logprob: number;
  no_speech_prob: number;
  /** With words: of each token, among the tokens of text. */
  token_probs?: number[];
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
  /** With words: how probable each token is among those of text. */
  probs?: number[];
  /** Where it is kept: the attention with which its tokens were written, but for the first `skipped` ones. */
  alignment?: Omit<SegmentAlignment, "tokens"> & { skipped: number };
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
    const decoded: Decoded = yield* decodeWindow({ features, prompt, beams, maxLength }, model, options);
    beams = decoded.beams;
    conditions = options.conditionOnPrevTokens && decoded.temperature < 0.5;
    if (maxLength !== undefined) {
      const counted = Math.min(Math.floor(model.targetLength / 2) - 1, prompt.length);
      maxLength = Math.min(maxLength + counted, model.targetLength);
    }
    const place = { seek, own, soundFrames: soundFrames - seek, promptLength: prompt.length };
    const found = decoded.isSilence
      ? { segments: [], advance: own }
      : segmentsOf(decoded, place, model.firstStamp, options.words);
    seek += found.advance;
    segments.push(...found.segments);
    history.push(...found.segments.map(({ tokens }) => tokens));
    onWindow({ segments: found.segments, seek: Math.min(seek, frames) });
  }
  return segments;
}

/** What the last try at a window gave. */
interface Decoded {
  result: WindowResult;
  temperature: number;
  /** See {@link compressionRatio}. */
  ratio: number;
  isSilence: boolean;
  /** Whether the next window may be searched with beams: none was sampled yet. */
  beams: boolean;
}

/** Asks for a window at one temperature after the other, until no threshold is missed. */
function* decodeWindow(
  window: Pick<WindowRequest, "features" | "prompt" | "beams" | "maxLength">,
  { vocabSize }: WindowModel,
  options: WindowOptions,
): Generator<WindowRequest, Decoded, WindowResult> {
  let { beams } = window;
  let decoded: Decoded | undefined;
  for (const temperature of options.temperatures) {
    beams &&= temperature === 0;
    const result = yield { ...window, temperature, beams, again: decoded !== undefined };
    const ratio = compressionRatio(result.tokens, vocabSize);
    const { again, skip } = judge(result, ratio, options);
    decoded = { result, temperature, ratio, isSilence: skip, beams };
    if (!again) break;
  }
  invariant(decoded, "there is a temperature");
  return decoded;
}

/** Where a window lies, in frames of the features. */
interface WindowPlace {
  /** Frames before it. */
  seek: number;
  /** Its frames that belong to the sound or to the padding of a short one. */
  own: number;
  /** Its frames that are sound. */
  soundFrames: number;
  /** Tokens that were read before the first generated one. */
  promptLength: number;
}

/** The segments of a window, and how many frames further the next window begins. */
function segmentsOf(
  { result, temperature, ratio }: Decoded,
  { seek, own, soundFrames, promptLength }: WindowPlace,
  firstStamp: number,
  words: WindowOptions["words"],
): { segments: SpeechSegment[]; advance: number } {
  const offset = (seek * TIME_PRECISION) / INPUT_STRIDE;
  const tokens = result.ended ? result.tokens.slice(0, -1) : result.tokens;
  const { segments, advance } = splitAtStamps(tokens, firstStamp, offset, own);
  const timed = words && wordsOfWindow(result, promptLength, soundFrames, offset, words);
  const { avg_logprob, no_speech_prob } = result;
  const scores = { avg_logprob, no_speech_prob, compression_ratio: ratio, temperature };
  return { segments: segments.map((segment) => ({ ...segment, ...timed?.(segment), ...scores })), advance };
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

/** What a segment of a window knows of its tokens, so that words can be made of them. */
function wordsOfWindow(
  result: WindowResult,
  promptLength: number,
  soundFrames: number,
  offset: number,
  { medianWidth, keepsAlignment }: NonNullable<WindowOptions["words"]>,
): (segment: TokenSegment) => Pick<SpeechSegment, "times" | "probs" | "alignment"> {
  const aligned = alignWindow(result, promptLength, soundFrames, medianWidth);
  const times = tokenTimes(aligned, result.tokens.length, offset);
  return ({ from, tokens: { length } }) => ({
    times: times.slice(from, from + length),
    ...(result.token_probs && { probs: result.token_probs.slice(from, from + length) }),
    ...(keepsAlignment && aligned && { alignment: partOf(aligned, from, length, offset) }),
  });
}
