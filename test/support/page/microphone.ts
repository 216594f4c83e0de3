/** A microphone in a page: live text and the adapter for the Web Speech API, by a tiny Whisper in its worker. */

import { createSpeechRecognition, Transcriber, type LiveText, type Recognition } from "../../../src/index";
import { signal } from "../shared/signal";
import { tinyWhisper } from "../shared/tiny-whisper";

const OPTIONS = { num_beams: 1, max_new_tokens: 10 };
const read = async (file: string): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await (await fetch(`/test/goldens/speech/whisper/${file}`)).arrayBuffer());

const create = async () => ({
  model: await tinyWhisper(read),
  device: "wasm" as const,
  language: "en",
  generation: OPTIONS,
  onWarning: () => undefined,
});

export interface Listened {
  pieces: (LiveText & { at: number })[];
  /** Seconds of one run over the sound that the first text is of. */
  run: number;
}

/** Live text of the microphone, until `seconds` have passed and its track is stopped. Times are seconds from the call. */
export async function listen(seconds: number): Promise<Listened> {
  const transcriber = await Transcriber.create(await create());
  const sound = new Float32Array(1.1 * 16000).fill(0.1);
  await transcriber.transcribe(sound, { return_timestamps: "word" });
  const began = performance.now();
  await transcriber.transcribe(sound, { return_timestamps: "word" });
  const run = (performance.now() - began) / 1000;
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const started = performance.now();
  const stop = setTimeout(() => stream.getTracks().forEach((track) => track.stop()), 1000 * seconds);
  const pieces: Listened["pieces"] = [];
  for await (const piece of transcriber.transcribeStreaming(stream, { interval: 1 }))
    pieces.push({ ...piece, at: (performance.now() - started) / 1000 });
  clearTimeout(stop);
  transcriber.destroy();
  return { pieces, run };
}

export interface Heard {
  type: string;
  error?: string;
  resultIndex?: number;
  /** Transcripts, final ones with a full stop behind. */
  results?: string[];
}

const TYPES = ["start", "audiostart", "soundstart", "speechstart", "result", "nomatch", "error"];
const ENDS = ["speechend", "soundend", "audioend", "end"];

/** The events of recognitions: one result, several until `stop`, and an aborted one. */
export async function recognise(): Promise<{ available: string; once: Heard[]; stopped: Heard[]; aborted: Heard[] }> {
  const SpeechRecognition = await createSpeechRecognition(await create());
  const run = (set: (recognition: Recognition, heard: Heard[]) => void): Promise<Heard[]> =>
    new Promise((resolve) => {
      const recognition = new SpeechRecognition();
      const heard: Heard[] = [];
      for (const type of [...TYPES, ...ENDS]) {
        recognition.addEventListener(type, (event) => {
          const { error, resultIndex, results } = event as Event & Partial<SpeechRecognitionFields>;
          const texts = results?.map((result) => result[0].transcript + (result.isFinal ? "." : ""));
          heard.push({ type, ...(error && { error }), ...(texts && { resultIndex, results: texts }) });
          if (type === "end") resolve(heard);
        });
      }
      set(recognition, heard);
      recognition.start();
    });
  const available = await SpeechRecognition.available({ langs: ["en-US"] });
  const once = await run((recognition) => (recognition.lang = "en-US"));
  const stopped = await run((recognition) => {
    recognition.continuous = recognition.interimResults = true;
    setTimeout(() => recognition.stop(), 3200);
  });
  const aborted = await run((recognition) => {
    recognition.continuous = true;
    recognition.addEventListener("result", () => recognition.abort());
  });
  return { available, once, stopped, aborted };
}

interface SpeechRecognitionFields {
  error: string;
  resultIndex: number;
  results: ({ isFinal: boolean } & { transcript: string }[])[];
}

/** For the documentation's code: a Whisper, a sound, a page at the root of the server, and microphones that end after `seconds`. */
export async function prepare(seconds: number): Promise<void> {
  const { model } = await create();
  Object.assign(globalThis, { whisper: model, talk: signal(2 * 16000, 7) });
  document.head.append(Object.assign(document.createElement("base"), { href: "/" }));
  const devices = navigator.mediaDevices;
  devices.getUserMedia = async (constraints) => {
    const stream = await MediaDevices.prototype.getUserMedia.call(devices, constraints);
    setTimeout(() => stream.getTracks().forEach((track) => track.stop()), 1000 * seconds);
    return stream;
  };
}
