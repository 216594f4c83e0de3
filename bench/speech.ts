/**
 * `npm run bench:speech`: a real Whisper, tiny.en, on wasm with one thread. Word errors and seconds of sound per second of work: in Node by
 * clip, in f32 and as the demo has it, greedy and with five beams; then by weight format, module of wasm/ and mode (window after
 * window, and chunks, all as one batch); in Chromium; and how long the features of 30 s take. Browsers have relaxed SIMD; Node 20
 * has it behind a flag, which is set here between the tables. Needs the model and the clips beside the repository. Writes
 * test-results/speech.md. Times are those of this machine.
 */

import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { setFlagsFromString } from "node:v8";
import type { ElementHandle } from "puppeteer";
import { afterAll, expect, it } from "vitest";
import { windowFeatures, WHISPER_MEL } from "../src/audio/log-mel";
import { bestModule } from "../src/backends/wasm/backend";
import { Transcriber, type TranscribeOptions, type TranscriberOptions } from "../src/index";
import { closePage, openPage, runInPage } from "../test/support/node/pages";
import { clipPath, clipSamples, REAL_MODEL, realIsHere } from "../test/support/node/real-speech";
import type { Measured } from "./speech-page";
import { wordErrors } from "./word-errors";

/** What is said, by clip. */
const REFERENCES: Record<string, string> = {
  "jfk.wav":
    "And so, my fellow Americans, ask not what your country can do for you, ask what you can do for your country.",
  "mr_quilter.wav": "Mr. Quilter is the apostle of the middle classes, and we are glad to welcome his gospel.",
  "lj_printing_22k.wav":
    "Printing, in the only sense with which we are at present concerned, differs from most if not from all the arts and crafts represented in the Exhibition",
  "fsdd_2017983465_8k.wav": "2 0 1 7 9 8 3 4 6 5",
  "jfk_44k1_stereo_3s.wav": "And so, my fellow Americans,",
  "fleurs-en-001.wav":
    "all nouns alongside the word sie for you always begin with a capital letter even in the middle of a sentence",
  "two_cities.wav":
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, it was the epoch of belief, it was the epoch of incredulity, it was the season of Light, it was the season of Darkness, it was the spring of hope, it was the winter of despair, we had everything before us, we had nothing before us, we were all going direct to Heaven, we were all going direct the other way – in short, the period was so far like the present period, that some of its noisiest authorities insisted on its being received, for good or for evil, in the superlative degree of comparison only.",
};
const SEARCHES = { greedy: 1, "five beams": 5 };

/** The model as it is on the Hub, and as the demo has it, in 8 bits. */
const FORMS = { f32: REAL_MODEL, "q8, of the demo": "demo/public/models/tiny-en" };

const rows: string[] = [];
/** The module that this engine takes without a flag. */
const ownModule = bestModule();
let totals = new Map<string, { errors: number; words: number; sound: number; work: number }>();
const title = [
  "weights",
  "clip",
  "seconds",
  ...Object.keys(SEARCHES).flatMap((name) => [`${name}: errors`, "x real time"]),
];

/** Compiled code is as good as it gets after a window. */
const warmUp = (transcriber: Transcriber): Promise<unknown> =>
  transcriber.transcribe(clipPath("x2.wav"), { num_beams: 1, max_new_tokens: 20 });

const cells = (search: string, errors: number, words: number, sound: number, work: number): string[] => {
  const sum = totals.get(search) ?? { errors: 0, words: 0, sound: 0, work: 0 };
  totals.set(search, {
    errors: sum.errors + errors,
    words: sum.words + words,
    sound: sum.sound + sound,
    work: sum.work + work,
  });
  return [`${errors} of ${words}`, (sound / work).toFixed(1)];
};

it.runIf(realIsHere).each(Object.entries(FORMS))("word errors and speed: %s", async (form, model) => {
  totals = new Map();
  const options = { model, device: "wasm", threads: 1, onWarning: () => undefined } as const;
  const transcriber = await Transcriber.create(options);
  await warmUp(transcriber);
  for (const [clip, reference] of Object.entries(REFERENCES)) {
    const row: string[] = [];
    let seconds = 0;
    for (const [search, num_beams] of Object.entries(SEARCHES)) {
      const { text, duration, stats } = await transcriber.transcribe(clipPath(clip), { num_beams });
      const { errors, words } = wordErrors(reference, text);
      seconds = duration;
      row.push(...cells(search, errors, words, duration, stats.seconds));
    }
    rows.push(`| ${[form, clip, seconds.toFixed(1), ...row].join(" | ")} |`);
  }
  transcriber.destroy();
  const all = Object.keys(SEARCHES).flatMap((name) => {
    const { errors, words, sound, work } = totals.get(name)!;
    return [`${errors} of ${words}: ${((100 * errors) / words).toFixed(1)}%`, (sound / work).toFixed(1)];
  });
  rows.push(`| ${[form, "all", totals.get("greedy")!.sound.toFixed(1), ...all].join(" | ")} |`);
  expect(totals.get("greedy")!.errors / totals.get("greedy")!.words).toBeLessThan(0.15);
});

const STORED: Record<string, Pick<TranscriberOptions, "dtype" | "arithmetic">> = {
  f32: {},
  f16: { dtype: "f16" },
  q8: { dtype: "q8" },
  "q8, int8": { dtype: "q8", arithmetic: "int8" },
  q4: { dtype: "q4" },
};
/** All chunks of this clip are one batch. */
const CHUNKED = { chunk_length_s: 30, batch_size: 8 };
const LONG = "two_cities.wav";
/** Clip and options, greedily. */
const MODES: Record<string, [clip: string, options: TranscribeOptions]> = {
  "11 s": ["jfk.wav", {}],
  "44 s": [LONG, {}],
  "44 s in chunks": [LONG, CHUNKED],
};
const stored: string[] = [];

const speedOf = (clip: string, { sound, work, text }: Measured): string => {
  const { errors, words } = wordErrors(REFERENCES[clip], text);
  return `${(sound / work).toFixed(1)} (${errors} of ${words})`;
};

/** With the module that this engine takes now. */
async function measureStored(names: readonly string[]): Promise<void> {
  for (const name of names) {
    const options = STORED[name];
    const given = { model: REAL_MODEL, device: "wasm", threads: 1, onWarning: () => undefined, ...options } as const;
    const transcriber = await Transcriber.create(given);
    await warmUp(transcriber);
    const row: string[] = [];
    for (const [clip, mode] of Object.values(MODES)) {
      const { text, duration, stats } = await transcriber.transcribe(clipPath(clip), { num_beams: 1, ...mode });
      row.push(speedOf(clip, { sound: duration, work: stats.seconds, text }));
    }
    transcriber.destroy();
    stored.push(`| ${[name, "Node", bestModule(), ...row].join(" | ")} |`);
  }
}

it.runIf(realIsHere)("weight formats, modules and modes", async () => {
  if (bestModule() === "simd") {
    // What the two modules have apart, the fastest and the exact format show.
    await measureStored(["f32", "q8, int8"]);
    setFlagsFromString("--experimental-wasm-relaxed-simd");
  }
  await measureStored(Object.keys(STORED));
  expect(bestModule()).toBe("relaxed");
  expect(stored.length).toBeGreaterThanOrEqual(Object.keys(STORED).length);
});

it.runIf(realIsHere).each(["f32", "q8, int8"])("in a page: %s", async (name) => {
  const page = await openPage();
  const input = (await page.evaluateHandle(() => {
    const input = Object.assign(document.createElement("input"), { type: "file", multiple: true });
    return document.body.appendChild(input);
  })) as ElementHandle<HTMLInputElement>;
  const files = readdirSync(REAL_MODEL).filter((file) => /\.(json|safetensors|txt)$/.test(file));
  await input.uploadFile(...files.map((file) => `${REAL_MODEL}/${file}`), clipPath(LONG));
  const calls = [{ num_beams: 1 }, { num_beams: 1, ...CHUNKED }];
  const found = await runInPage<Measured[]>(page, "/bench/speech-page.ts", "measureInPage", STORED[name], calls);
  const browser = (await page.browser().version()).replace(/\.\d+\.\d+\.\d+$/, "");
  await closePage(page);
  stored.push(`| ${[name, browser, "relaxed", "", ...found.map((each) => speedOf(LONG, each))].join(" | ")} |`);
  for (const { work } of found) expect(work).toBeGreaterThan(0);
});

let features = "";
it.runIf(realIsHere)("features of 30 s", async () => {
  const samples = (await clipSamples("two_cities.wav")).slice(0, 480_000);
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    await windowFeatures(samples, WHISPER_MEL);
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  features = `Features of 30 s: ${times[2].toFixed(0)} ms (median of 5; the first, with its tables, is among them).`;
  expect(times.length).toBe(5);
});

afterAll(() => {
  if (rows.length === 0) return;
  const text = [
    `whisper-tiny.en, wasm (first table: ${ownModule}), one thread, Node ${process.versions.node}; ${cpus()[0].model.trim()}; ${new Date().toISOString().slice(0, 10)}`,
    "",
    `| ${title.join(" | ")} |`,
    `|${title.map(() => " --- |").join("")}`,
    ...rows,
    "",
    "Greedy, as multiples of real time, with word errors:",
    "",
    `| weights | where | module | ${Object.keys(MODES).join(" | ")} |`,
    `| --- | --- | --- |${Object.keys(MODES)
      .map(() => " --- |")
      .join("")}`,
    ...stored,
    "",
    features,
    "",
  ].join("\n");
  mkdirSync("test-results", { recursive: true });
  writeFileSync("test-results/speech.md", text);
  console.log(text);
});
