/**
 * `SpeechRecognition` of the Web Speech API (webaudio.github.io/web-speech-api) over a transcriber, for pages that are written
 * against it: local, with the events and results of the standard.
 */

import { messageOf, ModelError } from "../errors";
import type { LiveText } from "./live";
import type { LiveOptions } from "./live-options";
import type { SoundStream } from "../audio/input";

/** What the adapter needs of a transcriber. */
export interface LiveTranscriber {
  transcribeStreaming(input: SoundStream, options?: LiveOptions): AsyncIterable<LiveText>;
  destroy(): void;
}

/** What can be said of a model before it is loaded. */
export interface RecognitionBackend {
  create(language: string): Promise<LiveTranscriber>;
  availability(language: string): Promise<RecognitionAvailability>;
}

const WORST_FIRST = ["unavailable", "downloadable", "downloading", "available"] as const;
type RecognitionAvailability = (typeof WORST_FIRST)[number];

/** The errors of the standard that can happen here. */
type RecognitionError =
  "no-speech" | "aborted" | "audio-capture" | "not-allowed" | "language-not-supported" | "network";

/** One alternative. The model says nothing of its confidence, so final text has 1, and what may still change 0.5. */
const resultOf = ({ text, final }: LiveText) =>
  Object.assign([{ transcript: text, confidence: final ? 1 : 0.5 }], { isFinal: final });

/** Its readers see the end of its tracks. */
const endOf = (sound: MediaStream | undefined): void => {
  for (const track of sound?.getTracks() ?? []) track.stop();
};

/** @returns a class with the interface of `SpeechRecognition` */
export function recognitionClass(backend: RecognitionBackend): RecognitionConstructor {
  return class SpeechRecognition extends LocalRecognition {
    constructor() {
      super(backend);
    }

    static async available({ langs }: { langs: string[] }): Promise<RecognitionAvailability> {
      const found = await Promise.all(langs.map((lang) => backend.availability(lang)));
      return WORST_FIRST[Math.min(...found.map((state) => WORST_FIRST.indexOf(state)))] ?? "unavailable";
    }

    /** Loads the model, so that the browser has its files. */
    static async install({ langs }: { langs: string[] }): Promise<boolean> {
      try {
        for (const lang of langs) (await backend.create(lang)).destroy();
        return true;
      } catch {
        return false;
      }
    }
  };
}

class LocalRecognition extends EventTarget implements Recognition {
  lang = "";
  continuous = false;
  interimResults = false;
  maxAlternatives = 1;
  /** Always: nothing is sent anywhere. */
  processLocally = true;
  /** Words to expect: they become the prompt. A boost has no effect. */
  phrases: { phrase: string; boost?: number }[] = [];
  private running: AbortController | undefined;
  /** The sound of a running recognition, with tracks of its own. */
  private sound: MediaStream | undefined;
  private stopped = false;

  constructor(private readonly backend: RecognitionBackend) {
    super();
  }

  /** @param track of a stream; by default the microphone is asked for */
  start(track?: MediaStreamTrack): void {
    if (this.running) throw new DOMException("The recognition has started already.", "InvalidStateError");
    const running = (this.running = new AbortController());
    this.stopped = false;
    void this.run(running, track);
  }

  /** Ends the sound: what was heard is still recognised. */
  stop(): void {
    this.stopped = true;
    endOf(this.sound);
  }

  /** Ends at once. */
  abort(): void {
    this.running?.abort();
  }

  private tell(type: string, fields: object = {}): void {
    const event = Object.assign(new Event(type), fields);
    const handler: unknown = Reflect.get(this, `on${type}`);
    if (typeof handler === "function") handler.call(this, event);
    this.dispatchEvent(event);
  }

  private fail(error: RecognitionError, message: string): void {
    this.tell("error", { error, message });
  }

  private async run(running: AbortController, track?: MediaStreamTrack): Promise<void> {
    let transcriber: LiveTranscriber | undefined;
    try {
      transcriber = await this.backend.create(this.lang);
      this.sound = track
        ? new MediaStream([track.clone()])
        : await navigator.mediaDevices.getUserMedia({ audio: true });
      running.signal.throwIfAborted();
      this.tell("start");
      this.tell("audiostart");
      if (this.stopped) endOf(this.sound);
      await this.listen(transcriber, this.sound, running.signal);
      this.tell("audioend");
    } catch (error) {
      const name = error instanceof DOMException ? error.name : "";
      if (running.signal.aborted) this.fail("aborted", "The recognition was aborted.");
      else if (name === "NotAllowedError") this.fail("not-allowed", "The microphone is not allowed.");
      else if (name !== "") this.fail("audio-capture", (error as DOMException).message);
      else if (error instanceof ModelError && error.code === "unsupported_option")
        this.fail("language-not-supported", error.message);
      else this.fail("network", messageOf(error));
    } finally {
      endOf(this.sound);
      transcriber?.destroy();
      this.sound = this.running = undefined;
      this.tell("end");
    }
  }

  private async listen(transcriber: LiveTranscriber, stream: MediaStream, signal: AbortSignal): Promise<void> {
    const results: ReturnType<typeof resultOf>[] = [];
    const prompt = this.phrases.map(({ phrase }) => phrase).join(", ");
    const options = { signal, ...(prompt ? { prompt } : {}) };
    let open = false;
    for await (const piece of transcriber.transcribeStreaming(stream, options)) {
      if (results.length === 0) for (const type of ["soundstart", "speechstart"]) this.tell(type);
      const resultIndex = open ? results.length - 1 : results.length;
      results[resultIndex] = resultOf(piece);
      open = !piece.final;
      if (piece.final || this.interimResults) this.tell("result", { resultIndex, results: [...results] });
      if (piece.final && !this.continuous) break;
    }
    if (results.length === 0) this.fail("no-speech", "No speech was heard.");
    else for (const type of ["speechend", "soundend"]) this.tell(type);
  }
}

/** The instances of the class, with a handler for each event (`onresult` and so on). */
export interface Recognition extends EventTarget {
  /** The language that is spoken, such as "fr"; "": the model detects it. */
  lang: string;
  /** Whether it goes on after the first final result. */
  continuous: boolean;
  /** Whether results that may change are told. */
  interimResults: boolean;
  /** One alternative comes back whatever this is. */
  maxAlternatives: number;
  /** Always true. */
  processLocally: boolean;
  /** Words to expect. */
  phrases: RecognitionPhrase[];
  /**
   * Begins to listen.
   * @param track by default the microphone is asked for
   */
  start(track?: MediaStreamTrack): void;
  /** Ends the sound: what was heard is still recognised. */
  stop(): void;
  /** Ends at once, with an error event "aborted". */
  abort(): void;
}

/** A word to expect. */
export interface RecognitionPhrase {
  /** As it is written. */
  phrase: string;
  /** Has no effect. */
  boost?: number;
}

/** The class. */
export interface RecognitionConstructor {
  /** One that has not started. */
  new (): Recognition;
  /** The worst of the languages. */
  available(options: { langs: string[] }): Promise<"unavailable" | "downloadable" | "downloading" | "available">;
  /** Loads the model; false where that fails. */
  install(options: { langs: string[] }): Promise<boolean>;
}
