/**
 * A Whisper that hears tones: each word is a tone of its own, so that the loops of speech can be tested as a whole, from samples
 * to timed words, without a real model. Its tokenizer is that of test/goldens/speech_parts.
 */

import type { MelFeatures } from "../../../src/audio/log-mel";
import type { SpeechModel } from "../../../src/speech/model";
import type { Speech } from "../../../src/speech/transcribe";
import { Lcg } from "../shared/lcg";
import { speechTokenizer } from "./speech-parts";

export const WORDS = [
  "one",
  "two",
  "three",
  "four",
  "five",
  "six",
  "seven",
  "eight",
  "nine",
  "ten",
  "eleven",
  "twelve",
];

const RATE = 16000;
/** Between 300 and 3700 Hz, several mel filters apart. */
const frequency = (word: number): number => 300 * 1.25 ** word;

/** A word and when it is said, in seconds. */
export interface Said {
  word: number;
  start: number;
  end: number;
}

/** Words of 0.4 s with pauses of 0.1 s, in no order. No word comes twice in a row. */
export function spoken(seconds: number): Said[] {
  const rng = new Lcg(20170612);
  let word = 0;
  return Array.from({ length: Math.floor(2 * seconds) }, (_, i) => {
    word = (word + 1 + rng.below(WORDS.length - 1)) % WORDS.length;
    return { word, start: i / 2, end: i / 2 + 0.4 };
  });
}

export function sung(said: readonly Said[], seconds: number): Float32Array {
  const out = new Float32Array(seconds * RATE);
  for (const { word, start, end } of said)
    for (let i = Math.round(start * RATE); i < Math.min(out.length, Math.round(end * RATE)); i++)
      out[i] = 0.5 * Math.sin((2 * Math.PI * frequency(word) * i) / RATE);
  return out;
}

/** Which mel filter is loudest for a word: the slaney scale. */
const binOf = (word: number): number => {
  const hertz = frequency(word);
  const mel = hertz < 1000 ? (3 * hertz) / 200 : 15 + (27 * Math.log(hertz / 1000)) / Math.log(6.4);
  const top = 15 + (27 * Math.log(8)) / Math.log(6.4);
  return (81 * mel) / top - 1;
};

/** The words of a window, with frames; the last one may be cut off by its end. */
function heard({ data, shape: [mels, frames] }: MelFeatures): Said[] {
  const out: Said[] = [];
  let current: Said | undefined;
  for (let t = 0; t < frames; t++) {
    let best = 0;
    for (let m = 1; m < mels; m++) if (data[m * frames + t] > data[best * frames + t]) best = m;
    const loud = data[best * frames + t] > 0.6;
    const near = WORDS.map((_, word) => Math.abs(binOf(word) - best));
    const word = loud ? near.indexOf(Math.min(...near)) : -1;
    if (current && current.word === word) current.end = t + 1;
    else {
      if (current && current.end - current.start >= 12) out.push(current);
      current = word < 0 ? undefined : { word, start: t, end: t + 1 };
    }
  }
  if (current && current.end - current.start >= 12) out.push(current);
  return out;
}

/** How probable the model finds a token: always the same. */
export const probabilityOfToken = (token: number): number => 1 / (1 + (token % 7));

/** Counts what is decoded. */
export interface ToneStats {
  /** Windows of each call. */
  calls: number[];
  /** Prompts of each window. */
  prompts: number[][];
}

/** @param perSegment words of a segment */
export async function toneSpeech(perSegment = 4): Promise<{ speech: Speech; stats: ToneStats }> {
  const tokens = await speechTokenizer();
  const { tokenizer } = tokens;
  const vocab_size = tokens.firstStamp + 1501;
  const stats: ToneStats = { calls: [], prompts: [] };
  const wordTokens = WORDS.map((word) => tokenizer.encode(` ${word}`, { add_special_tokens: false }));

  /** The tokens of a window, prompt first, and how the one head attends to its frames. */
  const decode = (features: MelFeatures, prompt: readonly number[], timestamps: boolean) => {
    const said = heard(features);
    const frames = features.shape[1];
    const isCut = said.length > 1 && said[said.length - 1].end === frames;
    const whole = isCut ? said.slice(0, -1) : said;
    const out: [token: number, frame: number][] = [];
    const stamp = (frame: number): void => {
      if (timestamps) out.push([tokens.firstStamp + Math.round(frame / 2), frame]);
    };
    for (let i = 0; i < whole.length; i += perSegment) {
      const group = whole.slice(i, i + perSegment);
      stamp(group[0].start);
      for (const { word, start } of group) for (const token of wordTokens[word]) out.push([token, start]);
      stamp(group[group.length - 1].end);
    }
    if (isCut) stamp(said[said.length - 1].start);
    if (out.length === 0) stamp(0);
    const sequence = [...prompt, ...out.map(([token]) => token), tokens.eot];
    // The step that reads a token attends to where the next one is heard.
    const nextFrames = [...prompt.slice(1).map(() => 0), ...out.map(([, frame]) => frame), out[out.length - 1][1]];
    const rows = sequence.length - 1;
    // Attention is never 0.
    const rng = new Lcg(rows);
    const data = Float32Array.from({ length: rows * 1500 }, () => rng.below(100) / 1e5);
    // Wide enough for the median over seven frames.
    for (const [t, frame] of nextFrames.entries()) {
      const at = t * 1500 + Math.floor(frame / 2);
      data.fill(1, at, Math.min((t + 1) * 1500, at + 12));
    }
    return { sequence, alignment: { data, shape: [1, rows, 1500] } };
  };

  const model: SpeechModel = {
    config: {
      model_type: "whisper",
      eos_token_id: [tokens.eot],
      decoder_start_token_id: tokens.sot,
      generation: {
        no_timestamps_token_id: tokens.firstStamp - 1,
        alignment_heads: [[0, 0]],
        is_multilingual: true,
        lang_to_id: { "<|en|>": tokens.sot + 1, "<|fr|>": tokens.sot + 7 },
        task_to_id: { transcribe: tokens.firstStamp - 5, translate: tokens.firstStamp - 6 },
        prev_sot_token_id: tokens.startofprev,
        max_length: 448,
      },
      file: { vocab_size, num_mel_bins: 80, max_source_positions: 1500, max_target_positions: 448 },
    },
    async generate({ input_features, decoder_input_ids, return_timestamps, signal }) {
      // As a real one, it takes its time.
      await new Promise((resolve) => setTimeout(resolve, 1));
      (signal as AbortSignal | undefined)?.throwIfAborted();
      const windows = input_features as MelFeatures[];
      const prompts = decoder_input_ids as number[][];
      stats.calls.push(windows.length);
      stats.prompts.push(...prompts);
      const decoded = windows.map((features, i) => decode(features, prompts[i], return_timestamps === true));
      return {
        sequences: decoded.map(({ sequence }) => sequence),
        avg_logprobs: windows.map(() => -0.25),
        no_speech_probs: windows.map(() => 0.01),
        token_probs: decoded.map(({ sequence }, i) => sequence.slice(prompts[i].length).map(probabilityOfToken)),
        alignments: decoded.map(({ alignment }) => alignment),
      };
    },
    // English, four to one.
    async detectLanguage() {
      return [
        [
          ["en", 0.8],
          ["fr", 0.2],
        ],
      ];
    },
  };
  const speech: Speech = {
    model,
    tokenizer,
    warn: () => undefined,
    vadWeights: () => Promise.reject(new Error("there is no detector")),
  };
  return { speech, stats };
}
