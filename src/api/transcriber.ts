/** Sound in, text out, in the style of `Translator`. */

import type { SoundInput, SoundStream } from "../audio/input";
import { SAMPLE_RATE } from "../audio/sound";
import type { VadOptions } from "../audio/speech-spans";
import type { Availability } from "../engine/available";
import type { LoadOptions } from "../engine/load-options";
import { checkedOptions } from "../engine/options";
import type { ModelCalls } from "../engine/running-model";
import { ModelError } from "../errors";
import type { Source } from "../loading/sources/source";
import type { LiveText } from "../speech/live";
import { NOT_LIVE, type LiveOptions } from "../speech/live-options";
import type { TranscribeOptions } from "../speech/options";
import type { RecognitionConstructor } from "../speech/recognition";
import type { Transcription } from "../speech/transcription";
import { loadPart } from "../util/part";
import { withoutNulls } from "../util/given";
import { namesOf } from "../util/names-of";
import { checkCreateOptions, givenModel } from "./given-model";
import { Seq2Seq } from "./seq2seq";
import { vadAddress } from "./vad-address";

/** The options of `Transcriber.create` and `Transcriber.availability`, those of `Seq2Seq.load` among them. */
export interface TranscriberOptions extends LoadOptions {
  /** A loaded model, which `destroy` does not free, or the source of a model. */
  model: Source | Seq2Seq;
  /** Of every transcription: the language that is spoken, a code ("fr") or a name ("French"). Default: it is detected. */
  language?: string;
  /** Of every transcription: "transcribe", or "translate" to English. Default: what the model's files say. */
  task?: "transcribe" | "translate";
  /** Of every transcription: whether speech is looked for first, and how. Default false. */
  vad?: boolean | VadOptions;
  /** Options of every transcription, such as `{ num_beams: 1 }`. Default: those of the model's files. */
  generation?: Omit<TranscribeOptions, "signal" | "onSegment" | "onProgress">;
  /** Called with an event target that gets `downloadprogress` events, `loaded` from 0 to 1. Default: none. */
  monitor?: (monitor: EventTarget) => void;
}

const soundPart = () => loadPart("opens sound", () => import("./sound-part"));

/** Sound in, text out: files of any length, and microphones. */
export class Transcriber {
  private destroyed = new AbortController();

  private constructor(
    private readonly model: Seq2Seq,
    private readonly ownsModel: boolean,
    private readonly defaults: TranscribeOptions,
  ) {}

  /**
   * Whether `create` can work with these options: "available" (a loaded model, local or stored files), "downloadable", or "unavailable"
   * (no such model or device, or a model that does not read sound).
   */
  static async availability(options: TranscriberOptions): Promise<Availability> {
    const { model, device, signal } = checkTranscriberOptions("Transcriber.availability", options);
    if (!(model instanceof Seq2Seq)) {
      const { availabilityOf } = await loadPart("says what runs here", () => import("../engine/available"));
      return availabilityOf(model, {}, device, signal);
    }
    return isSpeech(model) && model.tokenizer ? "available" : "unavailable";
  }

  /**
   * Loads the model, unless it is passed in loaded.
   * @throws ModelError: `unsupported_model` for one that does not read sound, `file_not_found` without a tokenizer, and those of
   *   `Seq2Seq.load`; `signal.reason` once aborted
   */
  static async create(options: TranscriberOptions): Promise<Transcriber> {
    const checked = checkTranscriberOptions("Transcriber.create", options);
    const { model: given, language, task, vad, generation, ...others } = checked;
    const { model, isOwn } = await givenModel("Transcriber.create", given, others);
    try {
      const defaults = { ...generation, ...withoutNulls({ language, task, vad }) };
      await model.calls().setUpSpeech(withDetector(defaults));
      return new Transcriber(model, isOwn, defaults);
    } catch (error) {
      if (isOwn) await model.dispose();
      throw error;
    }
  }

  /**
   * Transcribes sound of any length. With `return_timestamps` the result has the times of segments or words, and can be written
   * as subtitles: `toSRT()`.
   * @param sound see {@link SoundInput}
   * @throws ModelError; `signal.reason` once aborted
   */
  async transcribe(sound: SoundInput, options: TranscribeOptions = {}): Promise<Transcription> {
    const checked = this.checked("transcribe", options);
    const part = await soundPart();
    const data = await part.soundData(sound, SAMPLE_RATE, checked.signal);
    return new part.Transcription(await this.calls().transcribe(data, checked));
  }

  /**
   * Text of a microphone or of blocks of sound, while it comes in. Final pieces never change; the others show what is heard so
   * far. Leaving the loop stops the work, but not the tracks of a MediaStream.
   * @param sound a MediaStream, or blocks of samples; see {@link SoundStream}
   * @throws ModelError; `signal.reason` once aborted
   */
  async *transcribeStreaming(sound: SoundStream, options: LiveOptions = {}): AsyncGenerator<LiveText, void, undefined> {
    const checked = this.checked("transcribeStreaming", options) as LiveOptions;
    const { soundBlocks } = await soundPart();
    const ended = new AbortController();
    const signal = AbortSignal.any([ended.signal, ...(checked.signal ? [checked.signal] : [])]);
    const blocks = soundBlocks(sound, SAMPLE_RATE, signal);
    try {
      yield* this.calls().transcribeStreaming(blocks, checked);
    } finally {
      ended.abort();
    }
  }

  /**
   * The languages that may be spoken in the first window of a sound (30 s), with their probabilities, the most probable first.
   * @throws ModelError `unsupported_option` for a model of one language; `signal.reason` once aborted
   */
  async detectLanguage(
    sound: SoundInput,
    options: { signal?: AbortSignal } = {},
  ): Promise<[language: string, probability: number][]> {
    const { signal } = this.withSignal(checkedOptions("detectLanguage", options, ["signal"]));
    const { soundData } = await soundPart();
    const found = await this.calls().detectSpokenLanguage(await soundData(sound, SAMPLE_RATE, signal));
    signal.throwIfAborted();
    return found;
  }

  /** Ends running transcriptions, and frees the model if this transcriber has loaded it. */
  destroy(): void {
    this.destroyed.abort(new ModelError("disposed", "This transcriber has been destroyed.", "Create another one."));
    if (this.ownsModel) void this.model.dispose();
  }

  private calls(): ModelCalls {
    return this.model.calls();
  }

  /** The options of a call over those of `create`. */
  private checked<T extends TranscribeOptions | LiveOptions>(where: string, given: T): T & { signal: AbortSignal } {
    const options = { ...this.defaultsOf(where), ...checkedOptions(where, given) };
    return this.withSignal<T>(withDetector(options));
  }

  /** What `create` was given for files has no effect on live text. */
  private defaultsOf(where: string): TranscribeOptions {
    if (where !== "transcribeStreaming") return this.defaults;
    const isIdle = ([name]: [string, unknown]): boolean => name in NOT_LIVE;
    const entries = Object.entries(this.defaults);
    for (const [name] of entries.filter(isIdle))
      this.model.warn(`${where}: ${name} of create has no effect on live text.`);
    return Object.fromEntries(entries.filter((entry) => !isIdle(entry)));
  }

  private withSignal<T extends { signal?: AbortSignal }>(options: T): T & { signal: AbortSignal } {
    const { signal: destroyed } = this.destroyed;
    destroyed.throwIfAborted();
    options.signal?.throwIfAborted();
    return { ...options, signal: options.signal ? AbortSignal.any([options.signal, destroyed]) : destroyed };
  }
}

/**
 * A class with the interface of `SpeechRecognition` (Web Speech API) whose instances recognise locally.
 * @param options those of `Transcriber.create`; `lang` of an instance is the language
 */
export async function createSpeechRecognition(options: TranscriberOptions): Promise<RecognitionConstructor> {
  const { recognitionClass } = await soundPart();
  const optionsFor = (lang: string): TranscriberOptions =>
    lang ? { ...options, language: lang.split("-")[0] } : options;
  return recognitionClass({
    create: (lang) => Transcriber.create(optionsFor(lang)),
    availability: (lang) => Transcriber.availability(optionsFor(lang)),
  });
}

const isSpeech = ({ config }: Seq2Seq): boolean => config.input !== undefined;

/** The voice detector's weights are a file of the package, unless another is named. */
function withDetector<T extends Pick<TranscribeOptions, "vad">>(options: T): T {
  const { vad } = options;
  // What is neither is refused where the other options are checked.
  if (!vad || (vad !== true && (typeof vad !== "object" || Array.isArray(vad)))) return options;
  const given = vad === true ? {} : vad;
  const { model } = given;
  return { ...options, vad: { ...given, model: model instanceof URL ? model.href : (model ?? vadAddress()) } };
}

const OWN = namesOf<Omit<TranscriberOptions, keyof LoadOptions>>({
  model: true,
  language: true,
  task: true,
  vad: true,
  generation: true,
  monitor: true,
});

function checkTranscriberOptions(where: string, options: TranscriberOptions): TranscriberOptions {
  const checked = checkCreateOptions(where, options, OWN);
  return { ...checked, generation: checkedOptions(`${where}: generation`, checked.generation) };
}
