/** A transcription by Whisper: window after window, in chunks that overlap, or stretch of speech after stretch. */

import { logMel, WHISPER_MEL, type LogMel } from "../audio/log-mel";
import { windowsAtPauses, type Span } from "../audio/speech-spans";
import type { Sound } from "../audio/sound";
import { ModelError } from "../errors";
import { readWhisperFields } from "../generation/speech/whisper-fields";
import { initialTokens } from "../generation/speech/whisper-prompts";
import { LANGUAGE_CODES, LANGUAGES } from "./languages";
import type { Tokenizer } from "../text/tokenizer";
import { chunksOf, type Chunk } from "./chunks";
import { joinChunks, type ChunkTokens, type SpeechTokenizer, type TextChunk } from "./join-chunks";
import { runLoops } from "./lockstep";
import { measure, type Rules } from "./measure";
import { detectLanguage, whisperSizes, type SpeechModel, type WhisperSizes } from "./model";
import type { TranscribePlan } from "./options";
import { round2 } from "./round";
import type { SpeechSegmentInfo, TranscribeStats } from "./transcription";
import {
  windowLoop,
  type InitialTokens,
  type SpeechSegment,
  type WindowDone,
  type WindowRequest,
  type WindowResult,
} from "./windows";
import { wordsOf } from "./words";

const GENERATION_FILE = "generation_config.json";

/** What is done with a sound, and who is told. */
export interface Call {
  model: SpeechModel;
  tokenizer: Tokenizer;
  plan: TranscribePlan;
  signal?: AbortSignal;
  /** Stretches of speech, where they were looked for. */
  spans?: readonly Span[];
  onSegment?: (segment: SpeechSegmentInfo) => void;
  /** Is told samples that are done. */
  onProgress: (samples: number) => void;
}

/** Of a transcript, what the model decides. */
export interface Found {
  text: string;
  language?: string;
  language_probability?: number;
  chunks?: TextChunk[];
  segments: SpeechSegmentInfo[];
  stats: Pick<TranscribeStats, "windows" | "tokens">;
}

/** Transcribes sound at 16 kHz. */
export async function transcribeWhisper(sound: Sound, call: Call): Promise<Found> {
  const whisper = openWhisper(call, sound.length);
  const { chunk_length_s, stride_length_s } = call.plan.given;
  if (call.spans) return inSpans(sound, call, whisper, windowsAtPauses(call.spans, whisper.windowSamples));
  if (chunk_length_s !== undefined) {
    const chunks = chunksOf(sound.length, sound.sampleRate, chunk_length_s, stride_length_s);
    return inChunks(sound, call, whisper, chunks);
  }
  return asWhole(sound, call, whisper);
}

type Whisper = ReturnType<typeof openWhisper>;

/** How the windows of one sound begin. */
interface Opening {
  initial: InitialTokens;
  /** Its code, once it is known. */
  language: string | undefined;
  /** Where it was detected. */
  probability?: number;
}

/** Everything about the model and the call that the three forms share. */
function openWhisper(call: Call, samples: number) {
  const { model, tokenizer, plan, signal } = call;
  const { generation: file, eos_token_id, decoder_start_token_id } = model.config;
  const sizes = whisperSizes(model.config);
  const fields = readWhisperFields(file, GENERATION_FILE, sizes.vocabSize);
  const settings = { ...WHISPER_MEL, feature_size: sizes.mels, chunk_length: sizes.windowFrames / 100 };
  const windowSamples = (sizes.windowFrames * WHISPER_MEL.sampling_rate) / 100;
  const isLong = samples > windowSamples && plan.given.chunk_length_s === undefined && !call.spans;
  const timestamps = timestampsOf(plan, fields.returnTimestamps, isLong);
  const start = decoder_start_token_id;
  if (start === undefined) {
    throw new ModelError("invalid_config", `${GENERATION_FILE}: there is no decoder_start_token_id.`);
  }
  const heads = timestamps === "word" ? alignmentHeads(file) : undefined;
  const ids = speechTokenizer(tokenizer, fields.noTimestamps, eos_token_id, start, sizes);
  const suppressed = Array.isArray(file.suppress_tokens) ? (file.suppress_tokens as number[]) : [];
  const startofprev = (file.prev_sot_token_id as number | undefined) ?? suppressed[suppressed.length - 2];
  const promptIds = promptOf(plan, tokenizer, startofprev);
  const stats = { windows: 0, tokens: 0 };

  /** How each window of a sound begins; its language is detected in the first one, where nothing says it. */
  const begin = (): Opening => {
    const named = plan.given.language ?? fields.language;
    const opening: Opening = {
      language: named === undefined ? undefined : codeOf(named),
      async initial(first) {
        const options = { language: plan.given.language, task: plan.given.task, return_timestamps: timestamps };
        const detect = async (): Promise<number[]> => {
          const [[code, probability]] = await detectLanguage(model, first);
          signal?.throwIfAborted();
          Object.assign(opening, { language: code, probability });
          return [fields.languages!.get(`<|${code}|>`)!];
        };
        const { tokens } = await initialTokens(options, fields, start, 1, detect);
        return tokens[0];
      },
    };
    return opening;
  };

  const generation = generationOptions(plan, file);
  const tokens = (name: string): number[] => (generation[name] ?? file[name] ?? []) as number[];
  const { noTimestamps, maxInitialTimestampIndex: maxInitial } = fields;
  const rules: Rules = {
    suppress: tokens("suppress_tokens"),
    beginSuppress: tokens("begin_suppress_tokens"),
    eot: ids.eot,
    timestamps: timestamps === false || noTimestamps === undefined ? undefined : { noTimestamps, maxInitial },
  };
  const silence = noTimestamps === undefined ? undefined : noTimestamps - 1;
  const decode = async (requests: readonly WindowRequest[]): Promise<WindowResult[]> => {
    const [{ temperature, beams, maxLength }] = requests;
    const sampling = temperature > 0 ? { do_sample: true, temperature } : { do_sample: false };
    const out = await model.generate({
      input_features: requests.map(({ features }) => features),
      ...generation,
      ...sampling,
      ...(beams ? {} : { num_beams: 1 }),
      ...(maxLength === undefined ? {} : { max_length: maxLength }),
      decoder_input_ids: requests.map(({ prompt }) => prompt),
      return_timestamps: timestamps !== false,
      signal,
    });
    stats.windows += requests.length;
    const results: WindowResult[] = [];
    for (const [i, { prompt, features }] of requests.entries()) {
      signal?.throwIfAborted();
      const tokens = out.sequences[i].slice(prompt.length);
      stats.tokens += tokens.length;
      const topK = temperature > 0 ? ((generation.top_k ?? file.top_k ?? 50) as number) : 0;
      const asked = { start, silence, heads };
      const own = topK > 0 ? { ...rules, topK } : rules;
      const measured = await measure(model.forward, features, prompt, tokens, own, asked);
      results.push({ tokens, ended: eos_token_id.includes(tokens[tokens.length - 1]), ...measured });
    }
    return results;
  };
  const windowModel = {
    windowFrames: sizes.windowFrames,
    targetLength: sizes.targetLength,
    vocabSize: sizes.vocabSize,
    firstStamp: ids.firstStamp,
    startofprev,
  };
  const options = {
    temperatures: plan.temperatures,
    ...plan.thresholds,
    conditionOnPrevTokens: plan.conditionOnPrevTokens,
    promptConditionType: plan.promptConditionType,
    promptIds,
    maxLength: generation.max_new_tokens === undefined ? (generation.max_length as number | undefined) : undefined,
    words: heads && { medianWidth: sizes.medianWidth },
  };
  return {
    settings,
    windowSamples,
    timestamps,
    tokenizer: ids,
    begin,
    decode,
    windowModel,
    options,
    stats,
    found: ({ language, probability }: Opening) => ({ language, language_probability: probability, stats }),
    /** What joining has to be told of a sound. */
    spoken(segments: readonly SpeechSegment[], { language }: Opening): ChunkTokens {
      const words = timestamps === "word";
      return {
        tokens: segments.flatMap((segment) => segment.tokens),
        times: words ? segments.flatMap((segment) => segment.times ?? []) : undefined,
        // Words are cut by the rules of the language, whether it is asked for or not.
        language: words || plan.given.return_language ? nameOf(language) : undefined,
      };
    },
    joinOptions: { timestamps, language: plan.given.return_language ?? false },
  };
}

/** One window after another; a sound that fits one window is filled up with zeros. */
async function asWhole(sound: Sound, call: Call, whisper: Whisper): Promise<Found> {
  const { settings, windowSamples, tokenizer, windowModel } = whisper;
  const isShort = sound.length <= windowSamples;
  const throwIfAborted = (): void => call.signal?.throwIfAborted();
  const mel = await logMel(sound, settings, isShort ? windowSamples : sound.length, throwIfAborted);
  const hop = settings.hop_length;
  const opening = whisper.begin();
  const toInfo = segmentMaker(tokenizer, opening);
  const found: SpeechSegmentInfo[] = [];
  const onWindow = ({ segments, seek }: WindowDone): void => {
    for (const segment of segments) {
      const info = toInfo(segment);
      found.push(info);
      call.onSegment?.(info);
    }
    call.onProgress(Math.min(sound.length, seek * hop));
  };
  const soundFrames = isShort ? framesOf(sound.length, hop) : mel.frames;
  const loop = windowLoop(mel, soundFrames, opening.initial, windowModel, whisper.options, onWindow);
  const [segments] = await runLoops([loop], 1, whisper.decode);
  const joined = joinChunks(tokenizer, [whisper.spoken(segments, opening)], whisper.joinOptions);
  return { ...whisper.found(opening), ...joined, segments: found };
}

/** Chunks that overlap, several at a time; each is decoded as if it were alone. */
async function inChunks(sound: Sound, call: Call, whisper: Whisper, chunks: readonly Chunk[]): Promise<Found> {
  const { timestamps, settings, joinOptions } = whisper;
  const openings = chunks.map(() => whisper.begin());
  const loops = chunks.map(({ start, end, right }, i): Piece => {
    return { start, end, opening: openings[i], done: () => call.onProgress(end - right) };
  });
  const segments = await pieces(sound, call, whisper, loops);
  const seconds = (samples: number): number => samples / settings.sampling_rate;
  const outputs = segments.map((own, i): ChunkTokens => {
    const { start, end, left, right } = chunks[i];
    const stride = [seconds(end - start), seconds(left), seconds(right)] as const;
    return { ...whisper.spoken(own, openings[i]), stride };
  });
  const joined = joinChunks(whisper.tokenizer, outputs, joinOptions);
  const found = segmentsOfChunks(joined, seconds(sound.length), timestamps);
  for (const segment of found) call.onSegment?.(segment);
  return { ...whisper.found(openings[0] ?? whisper.begin()), ...joined, segments: found };
}

/** Stretches of speech, several at a time; what is between them is not decoded. */
async function inSpans(sound: Sound, call: Call, whisper: Whisper, spans: readonly Span[]): Promise<Found> {
  const { settings, tokenizer, joinOptions } = whisper;
  const openings = spans.map(() => whisper.begin());
  const found: SpeechSegmentInfo[][] = [];
  const joined: ReturnType<typeof joinChunks>[] = [];
  let told = 0;
  const finish = (index: number, segments: readonly SpeechSegment[]): void => {
    const offset = spans[index].start / settings.sampling_rate;
    const toInfo = segmentMaker(tokenizer, openings[index], offset);
    found[index] = segments.map((segment) => toInfo(segment));
    const { text, chunks } = joinChunks(tokenizer, [whisper.spoken(segments, openings[index])], joinOptions);
    joined[index] = chunks ? { text, chunks: chunks.map((chunk) => shifted(chunk, offset)) } : { text };
    // Later stretches may be done first.
    for (; found[told]; told++) {
      for (const segment of found[told]) call.onSegment?.(segment);
      call.onProgress(spans[told].end);
    }
  };
  const loops = spans.map((span, i): Piece => {
    return { ...span, opening: openings[i], done: (segments) => finish(i, segments) };
  });
  await pieces(sound, call, whisper, loops);
  const withChunks = joinOptions.timestamps !== false || joinOptions.language;
  return {
    ...whisper.found(openings[0] ?? whisper.begin()),
    text: joined.map(({ text }) => text).join(""),
    ...(withChunks ? { chunks: joined.flatMap(({ chunks = [] }) => chunks) } : {}),
    segments: found.flat(),
  };
}

interface Piece extends Span {
  opening: Opening;
  done: (segments: readonly SpeechSegment[]) => void;
}

/** A loop for each piece of the sound, side by side. A piece has features of its own, and is cut at a window's length. */
function pieces(sound: Sound, call: Call, whisper: Whisper, list: readonly Piece[]): Promise<SpeechSegment[][]> {
  const { settings, windowSamples } = whisper;
  const loops = list.map(async function* ({ start, end, opening, done }) {
    call.signal?.throwIfAborted();
    const own: Sound = {
      sampleRate: sound.sampleRate,
      length: Math.min(end - start, windowSamples),
      read: (from, to) => sound.read(start + from, start + to),
    };
    const mel: LogMel = await logMel(own, settings, windowSamples);
    const frames = framesOf(own.length, settings.hop_length);
    const segments = yield* windowLoop(mel, frames, opening.initial, whisper.windowModel, whisper.options);
    done(segments);
    return segments;
  });
  return runLoops(loops, call.plan.batchSize, whisper.decode);
}

/** The sum of transformers' attention mask: frames that begin within the sound. */
const framesOf = (samples: number, hop: number): number => Math.ceil(samples / hop);

/** Of a language that is given by code, name or token, in any case. */
function codeOf(language: string): string {
  const text = language.toLowerCase().replace(/^<\|(.*)\|>$/, "$1");
  return LANGUAGE_CODES.get(text) ?? text;
}

/** transformers names languages in English. */
const nameOf = (code: string | undefined): string | undefined => (code === undefined ? undefined : LANGUAGES.get(code));

function shifted(chunk: TextChunk, offset: number): TextChunk {
  if (!chunk.timestamp) return chunk;
  const [start, end] = chunk.timestamp.map((time) => (time === null ? null : time + offset));
  return { ...chunk, timestamp: [start, end] };
}

/** Without tokens of their own: what several chunks have said. */
function segmentsOfChunks(
  { text, chunks }: { text: string; chunks?: TextChunk[] },
  duration: number,
  timestamps: false | true | "word",
): SpeechSegmentInfo[] {
  if (timestamps === false || !chunks) return [{ start: 0, end: duration, text }];
  const timed = chunks.map(({ text, timestamp }) => {
    const [start, end] = timestamp ?? [null, null];
    return { text, start: start ?? 0, end: end ?? duration };
  });
  if (timestamps !== "word") return timed;
  if (timed.length === 0) return [];
  const segments: (SpeechSegmentInfo & { words: typeof timed })[] = [];
  for (const word of timed) {
    const last = segments.at(-1);
    // A sentence is a segment.
    if (last && !/[.!?。！？]$/.test(last.text.trim())) {
      last.words.push(word);
      last.text += word.text;
      last.end = word.end;
    } else segments.push({ ...word, words: [word] });
  }
  return segments;
}

/** From tokens to text and words. Segments must come in order: a word begins where the token before it ends. */
function segmentMaker(tokenizer: SpeechTokenizer, opening: Opening, offset = 0) {
  let last = 0;
  return ({ start, end, tokens, times, from: _, ...scores }: SpeechSegment): SpeechSegmentInfo => {
    const isText = tokens.map((token) => token < tokenizer.eot);
    const text = tokens.filter((_, i) => isText[i]);
    const info: SpeechSegmentInfo = {
      start: start + offset,
      end: end + offset,
      text: tokenizer.decode(text),
      tokens,
      ...scores,
    };
    if (!times) return info;
    const intervals = times.map((time, i) => ({ start: i > 0 ? times[i - 1] : last, end: time }));
    last = times.at(-1) ?? last;
    const spoken = intervals.filter((_, i) => isText[i]);
    info.words = wordsOf(tokenizer, text, nameOf(opening.language)).map(({ text, indices }) => ({
      text,
      start: round2(spoken[indices[0]].start + offset),
      end: round2(spoken[indices[indices.length - 1]].end + offset),
    }));
    return info;
  };
}

function timestampsOf({ given }: TranscribePlan, fromFile: boolean, isLong: boolean): false | true | "word" {
  const wanted = given.return_timestamps;
  if (wanted === false && isLong) {
    throw new ModelError(
      "invalid_option",
      "transcribe: sound that is longer than one window needs timestamps, so return_timestamps cannot be false.",
      "Leave it out, or set chunk_length_s or vad.",
    );
  }
  return wanted ?? (isLong || fromFile);
}

function alignmentHeads(file: Readonly<Record<string, unknown>>): number[][] {
  const heads = file.alignment_heads;
  const isPair = (value: unknown): boolean =>
    Array.isArray(value) && value.length === 2 && value.every(Number.isSafeInteger);
  if (Array.isArray(heads) && heads.length > 0 && heads.every(isPair)) return heads as number[][];
  throw new ModelError(
    "unsupported_option",
    `transcribe: the times of words need alignment_heads in ${GENERATION_FILE}, and this model has none.`,
    "return_timestamps: true gives the times of segments.",
  );
}

/** The tokens of speech. Where the files name no timestamps, no token is one. */
function speechTokenizer(
  tokenizer: Tokenizer,
  noTimestamps: number | undefined,
  eos: readonly number[],
  sot: number,
  { vocabSize }: WhisperSizes,
): SpeechTokenizer {
  const startofprev = tokenizer.encode("<|startofprev|>", { add_special_tokens: false });
  return {
    decode: (ids) => tokenizer.decode(ids),
    token: (id) => tokenizer.token(id),
    eot: eos[0] ?? vocabSize,
    sot,
    startofprev: startofprev.length === 1 ? startofprev[0] : -1,
    firstStamp: noTimestamps === undefined ? vocabSize + 1 : noTimestamps + 1,
  };
}

/** `get_prompt_ids`: the text after a space, behind <|startofprev|>. */
function promptOf({ given }: TranscribePlan, tokenizer: Tokenizer, startofprev: number): number[] | undefined {
  const { prompt, prompt_ids } = given;
  if (prompt_ids !== undefined) return prompt_ids;
  if (prompt === undefined) return undefined;
  const ids = tokenizer.encode(` ${prompt.trim()}`, { add_special_tokens: false });
  const special = ids.find((id) => tokenizer.decode([id]) === "" && /^<\|.*\|>$/.test(tokenizer.token(id)));
  if (special === undefined) return [startofprev, ...ids];
  const message = `transcribe: the prompt has the special token ${tokenizer.token(special)} in it.`;
  throw new ModelError("invalid_option", message);
}

/** The pipeline's defaults, where neither the call nor the files say anything: five beams, 256 new tokens. */
function generationOptions({ generation }: TranscribePlan, file: Readonly<Record<string, unknown>>) {
  const isSet = (name: string): boolean => (generation[name] ?? file[name] ?? undefined) !== undefined;
  const out: Record<string, unknown> = { ...generation };
  if (!isSet("num_beams")) out.num_beams = 5;
  if (!isSet("max_length") && !isSet("max_new_tokens")) out.max_new_tokens = 256;
  // `max_length` of the files grows from window to window, so the loop has to know it.
  if (out.max_new_tokens === undefined && (file.max_new_tokens ?? undefined) === undefined)
    out.max_length ??= file.max_length;
  return out;
}
