/** `attendant transcribe`: a WAV file in, subtitles or text out. */

import type { TranscribeOptions, Transcription } from "../index";
import { showProgress, UsageError, wholeNumber, type Command, type Values } from "./command";
import { LOADING, loadOptions } from "./loading";

const FORMATS = ["srt", "vtt", "tsv", "json", "txt"];

/** Seconds as "1:02". */
const clock = (s: number): string => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, "0")}`;

export const transcribe: Command = {
  summary: "writes what is said in a WAV file",
  usage: "FILE.wav --model MODEL [options]",
  least: 1,
  most: 1,
  options: {
    model: {
      short: "m",
      value: "MODEL",
      help: "a Whisper: a folder, an address, or owner/name on the Hugging Face Hub",
    },
    format: { value: "FORMAT", choices: FORMATS, default: "srt", help: "what is written" },
    language: { value: "NAME", help: "what is spoken, such as fr (default: detected)" },
    translate: { help: "to English" },
    words: { help: "the times of words" },
    beams: { value: "N", default: "1", help: "beams of the search" },
    width: { value: "N", help: "characters of a line" },
    lines: { value: "N", help: "lines of a subtitle" },
    vad: { help: "decode speech only" },
    ...LOADING,
  },
  async run([file], values, output) {
    if (values.model === undefined) throw new UsageError("--model is missing.");
    const [beams, width, lines] = ["beams", "width", "lines"].map((name) => wholeNumber(name, values[name]));
    const { Transcriber } = await import("../index");
    const options = { ...loadOptions(values, output), model: values.model, vad: values.vad !== undefined };
    const transcriber = await Transcriber.create(options);
    try {
      const call: TranscribeOptions = {
        num_beams: beams,
        return_timestamps: values.words === undefined ? true : "word",
        language: values.language,
        task: values.translate === undefined ? undefined : "translate",
        onProgress: ({ seconds, total }) =>
          showProgress(output, seconds / total, `${clock(seconds)} of ${clock(total)}`),
      };
      const transcription = await transcriber.transcribe(file, withoutUndefined(call));
      output.out(write(transcription, values, { max_line_width: width, max_line_count: lines }));
    } finally {
      transcriber.destroy();
    }
    return 0;
  },
};

const withoutUndefined = <T extends object>(options: T): T =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;

function write(
  transcription: Transcription,
  { format }: Values,
  subtitles: Parameters<Transcription["toSRT"]>[0],
): string {
  const given = withoutUndefined(subtitles ?? {});
  if (format === "vtt") return transcription.toVTT(given);
  if (format === "tsv") return transcription.toTSV();
  if (format === "txt") return transcription.toText();
  if (format === "json") return `${JSON.stringify(transcription, null, 2)}\n`;
  return transcription.toSRT(given);
}
