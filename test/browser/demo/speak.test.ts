/** Speak, a view of the demo page, with the tiny random Whisper: files, words, subtitles, the microphone. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ElementHandle } from "puppeteer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildDemo, byTestId, Visitor, type Demo } from "../../support/node/demo";
import { tinyWhisper } from "../../support/shared/tiny-whisper";

const RATE = 16000;

/** A WAV file of 16 bits with tones that come and go. */
function wav(seconds: number): Uint8Array {
  const count = seconds * RATE;
  const bytes = Buffer.alloc(44 + 2 * count);
  bytes.write("RIFF", 0);
  bytes.writeUInt32LE(36 + 2 * count, 4);
  bytes.write("WAVEfmt ", 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(RATE, 24);
  bytes.writeUInt32LE(2 * RATE, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write("data", 36);
  bytes.writeUInt32LE(2 * count, 40);
  for (let i = 0; i < count; i++) {
    const loud = Math.sin((Math.PI * i) / 4000) ** 2;
    bytes.writeInt16LE(Math.round(9000 * loud * Math.sin((2 * Math.PI * (200 + i / 50) * i) / RATE)), 44 + 2 * i);
  }
  return bytes;
}

describe("the demo page: Speak", () => {
  let demo: Demo;
  let visitor: Visitor;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "attendant-sound-"));
    writeFileSync(join(folder, "tones.wav"), wav(2));
    demo = await buildDemo();
    const files = await tinyWhisper(
      async (file) => new Uint8Array(await readFile(`test/goldens/speech/whisper/${file}`)),
    );
    const contents = await Promise.all(
      files.map(async (file) => [file.name, new Uint8Array(await file.arrayBuffer())] as const),
    );
    demo.addModel("whisper", Object.fromEntries(contents));
    visitor = await Visitor.open(demo.url, "#speak");
    await visitor.see("speak-choose");
  });
  afterAll(async () => {
    await visitor.close();
    await demo.close();
    rmSync(folder, { recursive: true });
  });

  it("has no model at first, and says the size of one before it is fetched", async () => {
    expect(await visitor.page.$eval(byTestId("record"), (one) => one.matches(":disabled"))).toBe(true);
    await visitor.isAccessible("without a model", [320, 1920]);
    await visitor.press("speak-choose");
    await visitor.type("./models/whisper/", "model-name");
    await visitor.press("look-up");
    await visitor.see("use-model");
    expect(await visitor.text("model-facts")).toMatch(/To download[\s\S]*Licence[\s\S]*Memory/);
    await visitor.press("use-model");
    await visitor.page.waitForFunction(
      (selector) => /is ready/.test(document.querySelector(selector)!.textContent),
      {},
      byTestId("speak-status"),
    );
  });

  it("transcribes a file: words with their times, language, speed, and files to save", async () => {
    const input = (await visitor.page.$(byTestId("sound-file"))) as ElementHandle<HTMLInputElement>;
    await input.uploadFile(join(folder, "tones.wav"));
    await visitor.stateIs("working");
    await visitor.stateIs("idle");
    expect(await visitor.text("speak-status")).toMatch(/^Transcribed in/);
    const words = await visitor.page.$$eval(".transcript .word", (all) =>
      all.map((word) => word.getAttribute("title")),
    );
    expect(words.length).toBeGreaterThan(1);
    for (const title of words) expect(title).toMatch(/^\d+:\d\d\.\d to \d+:\d\d\.\d, [\d.]+.% on average$/);
    const facts = await visitor.text("speak-facts");
    expect(facts).toMatch(/Language\s+\S+, [\d.]+.%/);
    expect(facts).toMatch(/Length\s+0:02\.0/);
    expect(facts).toMatch(/Speed\s+[\d.]+ × real time/);
    await visitor.isAccessible("with a transcript", [320, 1920]);
  });

  it("lights the word that is spoken, and plays from a word that is pressed", async () => {
    await visitor.page.$$eval(".transcript .word", (all) => (all[1] as HTMLElement).click());
    await visitor.page.waitForSelector(".transcript .word.lit");
    await visitor.page.$eval(byTestId("player"), (player) => (player as HTMLAudioElement).pause());
    await visitor.page.focus(".waveform");
    await visitor.page.keyboard.press("ArrowLeft");
    await visitor.page.waitForFunction(
      () => document.querySelector(".waveform")!.getAttribute("aria-valuenow") === "0.0",
    );
  });

  it("saves SRT, VTT and JSON", async () => {
    await visitor.page.evaluate(() => {
      const saved: string[] = ((window as unknown as { saved: string[] }).saved = []);
      const make = URL.createObjectURL.bind(URL);
      URL.createObjectURL = (blob: Blob) => {
        void blob.text().then((text) => saved.push(text));
        return make(blob);
      };
      HTMLAnchorElement.prototype.click = () => undefined;
    });
    for (const kind of ["srt", "vtt", "json"]) await visitor.press(`save-${kind}`);
    await visitor.page.waitForFunction(() => (window as unknown as { saved: string[] }).saved.length === 3);
    const [srt, vtt, json] = await visitor.page.evaluate(() => (window as unknown as { saved: string[] }).saved);
    expect(srt).toMatch(/^1\r?\n\d\d:\d\d:\d\d,\d{3} --> /);
    expect(vtt).toMatch(/^WEBVTT/);
    expect(JSON.parse(json)).toMatchObject({ duration: 2 });
  });

  it("listens to the microphone and shows text while it comes in", async () => {
    await visitor.page.evaluate(() => {
      navigator.mediaDevices.getUserMedia = async () => {
        const context = new AudioContext();
        const tone = context.createOscillator();
        const end = context.createMediaStreamDestination();
        tone.connect(end);
        tone.start();
        return Promise.resolve(end.stream);
      };
    });
    // Sound begins only when a person pressed something.
    await visitor.page.click(byTestId("record"));
    await visitor.stateIs("working");
    await visitor.page.waitForFunction(
      (selector) => document.querySelector<HTMLElement>(selector)!.innerText.trim().length > 0,
      { timeout: 25_000 },
      byTestId("transcript"),
    );
    await visitor.press("speak-stop");
    await visitor.stateIs("idle");
    expect(await visitor.text("speak-status")).toBe("Stopped listening.");
    expect((await visitor.text("transcript")).length).toBeGreaterThan(0);
  });

  it("says why a file is not sound", async () => {
    writeFileSync(join(folder, "not.wav"), readFileSync("README.md"));
    const input = (await visitor.page.$(byTestId("sound-file"))) as ElementHandle<HTMLInputElement>;
    await input.uploadFile(join(folder, "not.wav"));
    await visitor.page.waitForSelector(".speak .error:not([hidden])");
    expect(await visitor.page.$eval(".speak .error", (panel) => panel.textContent.length)).toBeGreaterThan(10);
    await visitor.isAccessible("an error", [320]);
  });
});
