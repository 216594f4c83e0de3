/** The demo page with what its view Speak needs: sounds in a folder, the tiny random Whisper, and one whose texts are hostile. */

import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeManifest } from "../../../src/loading/sources/manifest";
import { tinyWhisper } from "../shared/tiny-whisper";
import { buildDemo, type Demo } from "./demo";
import { wavFile } from "./wav";

const RATE = 16000;

/** A WAV file with tones that come and go. */
function wav(seconds: number): Promise<Buffer> {
  const samples = Float32Array.from({ length: seconds * RATE }, (_, i) => {
    const loud = Math.sin((Math.PI * i) / 4000) ** 2;
    return 0.275 * loud * Math.sin((2 * Math.PI * (200 + i / 50) * i) / RATE);
  });
  return wavFile(samples, RATE);
}

/** Texts that a page must show and not obey. */
export const HOSTILE = [
  "<script>hostile=1</script>",
  "<img src=x onerror=hostile=1>",
  "\u202e\u05e9\u05dc\u05d5\u05dd",
  "\u{1f600}",
  "&lt;b&gt;",
];

export const HOSTILE_FILE = "<img src=x onerror=hostile=1>\u202e\u05d0\u{1f600}.wav";

/** As byte-level BPE writes bytes. */
const byteLevel = (text: string): string =>
  [...new TextEncoder().encode(text)]
    .map((byte) => {
      const isShown = (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
      if (isShown) return String.fromCharCode(byte);
      return String.fromCharCode(256 + (byte <= 32 ? byte : byte < 161 ? byte - 94 : 67));
    })
    .join("");

/** The same tokenizer with such texts for its letters. */
function hostileTokenizer(file: Uint8Array): Uint8Array {
  const json = JSON.parse(new TextDecoder().decode(file)) as {
    model: { vocab: Record<string, number>; merges: unknown[] };
  };
  const entries = Object.entries(json.model.vocab).map(([token, id]): [string, number] => [
    id === 0 ? token : byteLevel(`${id % 2 ? " " : ""}${HOSTILE.join("")}${id}`),
    id,
  ]);
  Object.assign(json.model, { vocab: Object.fromEntries(entries), merges: [] });
  return new TextEncoder().encode(JSON.stringify(json));
}

/** @returns the page, and the folder of the sounds: tones.wav, again.wav and HOSTILE_FILE */
export async function speakDemo(): Promise<{ demo: Demo; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), "attendant-sound-"));
  writeFileSync(join(folder, "tones.wav"), await wav(2));
  writeFileSync(join(folder, "again.wav"), await wav(1));
  writeFileSync(join(folder, HOSTILE_FILE), await wav(2));
  const demo = await buildDemo();
  const files = await tinyWhisper(
    async (file) => new Uint8Array(await readFile(`test/goldens/speech/whisper/${file}`)),
  );
  const contents = await Promise.all(
    files.map(async (file) => [file.name, new Uint8Array(await file.arrayBuffer())] as const),
  );
  // In the place of the page's own model, which is larger and writes the same page.
  rmSync(demo.modelFolder("tiny-en"), { recursive: true });
  for (const name of ["whisper", "tiny-en"]) demo.addModel(name, Object.fromEntries(contents));
  const hostile = Object.fromEntries(contents);
  hostile["tokenizer.json"] = hostileTokenizer(hostile["tokenizer.json"]) as Uint8Array<ArrayBuffer>;
  demo.addModel("hostile", hostile);
  const listed = contents.map(([name, bytes]) => {
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    return [name, { size: bytes.length, sha256 }] as const;
  });
  demo.addModel("tiny-en", { "attendant.json": writeManifest({ files: new Map(listed) }) });
  return { demo, folder };
}
