/**
 * Transcribes a WAV file in the terminal: `npm run transcribe -- FILE --model FOLDER`. Subtitles go to the standard output, a
 * progress bar to the terminal.
 */

import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { withSources } from "./sources.js";

const FORMATS = ["srt", "vtt", "tsv", "json", "txt"];
const USAGE = `usage: npm run transcribe -- FILE.wav [options]
  --model FOLDER     a Whisper: a folder, an address or owner/name (default openai/whisper-tiny)
  --format FORMAT    ${FORMATS.join(", ")} (default srt)
  --language NAME    what is spoken, such as fr (default: detected)
  --translate        to English
  --words            the times of words
  --beams N          of the search (default 1)
  --width N          characters of a line
  --lines N          lines of a subtitle
  --vad              decode speech only
  --device NAME      wasm or cpu (default wasm)`;

const OPTIONS = {
  model: { type: "string", default: "openai/whisper-tiny" },
  format: { type: "string", default: "srt" },
  language: { type: "string" },
  translate: { type: "boolean" },
  words: { type: "boolean" },
  beams: { type: "string", default: "1" },
  width: { type: "string" },
  lines: { type: "string" },
  vad: { type: "boolean", default: false },
  device: { type: "string", default: "wasm" },
  help: { type: "boolean", short: "h" },
};

/** "[######      ] 0:12 of 0:44" in one line that is written over. */
function showProgress({ seconds, total }) {
  if (!process.stderr.isTTY) return;
  const clock = (s) => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, "0")}`;
  const filled = Math.round((30 * seconds) / total);
  const bar = "#".repeat(filled).padEnd(30);
  process.stderr.write(`\r[${bar}] ${clock(seconds)} of ${clock(total)}${seconds >= total ? "\n" : ""}`);
}

function write(transcription, { format, width, lines }) {
  const subtitles = {
    ...(width && { max_line_width: Number(width) }),
    ...(lines && { max_line_count: Number(lines) }),
  };
  if (format === "vtt") return transcription.toVTT(subtitles);
  if (format === "tsv") return transcription.toTSV();
  if (format === "txt") return transcription.toText();
  if (format === "json") return `${JSON.stringify(transcription, null, 2)}\n`;
  return transcription.toSRT(subtitles);
}

const transcribe = (file, values) =>
  withSources(async ({ Transcriber }) => {
    const { model, device, language, translate, vad } = values;
    const transcriber = await Transcriber.create({ model, device, vad, worker: false });
    try {
      const transcription = await transcriber.transcribe(file, {
        num_beams: Number(values.beams),
        return_timestamps: values.words ? "word" : true,
        ...(language && { language }),
        ...(translate && { task: "translate" }),
        onProgress: showProgress,
      });
      return write(transcription, values);
    } finally {
      transcriber.destroy();
    }
  });

try {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
  const [file] = positionals;
  if (values.help || positionals.length !== 1 || !FORMATS.includes(values.format)) {
    (values.help ? console.log : console.error)(USAGE);
    process.exitCode = values.help ? 0 : 2;
  } else if (!existsSync(file)) {
    console.error(`There is no file ${file}.`);
    process.exitCode = 1;
  } else {
    process.stdout.write(await transcribe(file, values));
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  if (error?.hint) console.error(error.hint);
  process.exitCode = 1;
}
