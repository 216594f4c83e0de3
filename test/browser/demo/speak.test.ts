/** Speak, a view of the demo page, with the tiny random Whisper: files, words, subtitles, the microphone. */

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ElementHandle } from "puppeteer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { byTestId, Visitor, type Demo } from "../../support/node/demo";
import { HOSTILE, HOSTILE_FILE, speakDemo } from "../../support/node/speak-demo";

describe("the demo page: Speak", () => {
  let demo: Demo;
  let visitor: Visitor;
  let folder: string;

  beforeAll(async () => {
    ({ demo, folder } = await speakDemo());
    visitor = await Visitor.open(demo.url, "#speak");
    await visitor.see("speak-choose");
  });
  afterAll(async () => {
    await visitor.close();
    await demo.close();
    rmSync(folder, { recursive: true });
  });

  it("fetches the page's own model when it is first used, having said its size, and keeps it", async () => {
    const asked: string[] = [];
    visitor.page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    const weights = (): string[] => asked.filter((path) => path.endsWith("tiny-en/model.safetensors"));
    expect(await visitor.text("speak-status")).toMatch(
      /Whisper tiny\.en.*45\.0.MB.*MIT.*fetched when you first use it/,
    );
    await visitor.goTo("translate");
    await visitor.modelIs("ready");
    await visitor.goTo("speak");
    await visitor.isAccessible("before a model", [320, 1920]);
    expect(weights()).toEqual([]);
    const input = (await visitor.page.$(byTestId("sound-file"))) as ElementHandle<HTMLInputElement>;
    await input.uploadFile(join(folder, "tones.wav"));
    await visitor.page.waitForSelector(".transcript .word");
    await visitor.stateIs("idle");
    expect(weights().length).toBeGreaterThan(0);
    // On the next visit it is here.
    await visitor.page.reload();
    await visitor.page.waitForFunction(
      (selector) => document.querySelector(selector)?.textContent.includes("nothing to download"),
      {},
      byTestId("speak-status"),
    );
  });

  it("says the size of another model before it is fetched", async () => {
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
      all.map((word) => ({ title: (word as HTMLElement).title, heard: word.textContent, style: word.className })),
    );
    expect(words.length).toBeGreaterThan(1);
    for (const { title, heard, style } of words) {
      const [, sure] = /^\d+:\d\d\.\d to \d+:\d\d\.\d, <?([\d.]+).% sure$/.exec(title)!;
      // Style, colour and words for a screen reader say the same.
      const kind = Number(sure) >= 80 ? "sure" : Number(sure) >= 50 ? "fair" : "unsure";
      expect(style).toBe(`word ${kind}`);
      expect(/ sure$/.test(heard)).toBe(kind !== "sure");
    }
    // Words of one segment differ.
    expect(new Set(words.map(({ title }) => title.replace(/.*, /, ""))).size).toBeGreaterThan(1);
    await visitor.see("confidence-key");
    const facts = await visitor.text("speak-facts");
    expect(facts).toMatch(/Language\s+\S+, [\d.]+.%/);
    expect(facts).toMatch(/Length\s+0:02\.0/);
    expect(facts).toMatch(/Device\s+WebAssembly/);
    expect(facts).toMatch(/Speed\s+[\d.]+ × real time/);
    await visitor.isAccessible("with a transcript", [320, 1920]);
  });

  it("shows where the model listened: a map with its path, numbers on hover and by keys, a table, all of it as a file", async () => {
    await visitor.see("alignment");
    const map = await visitor.page.$eval(`${byTestId("alignment")} canvas`, (canvas) => [canvas.width, canvas.height]);
    const path = await visitor.page.$eval(".raster-path .over", (line) => line.getAttribute("d")!);
    const rows = await visitor.page.$$eval(".raster-names span", (names) =>
      names.map(({ textContent }) => textContent),
    );
    expect(rows.length).toBe(map[1]);
    const entered = [...path.matchAll(/[MH]([\d.]+)/g)].map(([, x]) => Number(x));
    expect(entered.length).toBe(rows.length);
    expect(entered).toEqual([...entered].sort((a, b) => a - b));
    expect(Math.max(...entered)).toBeLessThan(map[0]);
    const readout = `${byTestId("alignment")} .readout`;
    const said = (): Promise<string> => visitor.page.$eval(readout, (element) => element.textContent);
    await visitor.page.hover(`${byTestId("alignment")} canvas`);
    expect(await said()).toMatch(/^.+, \d+\.\d\d.s: −?\d+\.\d σ$/);
    await visitor.page.focus(`${byTestId("alignment")} canvas`);
    const before = await said();
    await visitor.page.keyboard.press("ArrowUp");
    expect(await said()).not.toBe(before);
    await visitor.page.click(`${byTestId("alignment")} summary`);
    await visitor.page.waitForSelector(`${byTestId("alignment")} tbody tr`);
    const lines = await visitor.page.$$eval(`${byTestId("alignment")} tbody tr`, (all) => all.length);
    expect(lines).toBe(rows.length);
    // A word chooses its segment.
    const segments = await visitor.page.$$eval(`${byTestId("alignment-segment")} option`, (all) => all.length);
    expect(segments).toBeGreaterThan(1);
    await visitor.page.$$eval(".transcript .segment:last-child .word", (all) => (all[0] as HTMLElement).click());
    await visitor.page.$eval(byTestId("player"), (player) => (player as HTMLAudioElement).pause());
    const chosen = await visitor.page.$eval(
      byTestId("alignment-segment"),
      (menu) => (menu as HTMLSelectElement).selectedIndex,
    );
    expect(chosen).toBe(segments - 1);
  });

  it("lights the word that is spoken, and plays from a word that is pressed", async () => {
    await visitor.page.$$eval(".transcript .word", (all) => (all[1] as HTMLElement).click());
    await visitor.page.waitForSelector(".transcript .word.lit");
    // Only the word is drawn as a band on the waveform: its pixels are part transparent.
    const [band, lit] = await visitor.page.$eval(".waveform", (element) => {
      const canvas = element as HTMLCanvasElement;
      const { data } = canvas.getContext("2d")!.getImageData(0, 1, canvas.width, 1);
      const band = data.some((value, i) => i % 4 === 3 && value > 40 && value < 90);
      return [band, document.querySelector(".lit") !== null];
    });
    expect(band).toBe(lit);
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
    for (const kind of ["srt", "vtt", "json", "alignment"]) await visitor.press(`save-${kind}`);
    await visitor.page.waitForFunction(() => (window as unknown as { saved: string[] }).saved.length === 4);
    const [srt, vtt, json, csv] = await visitor.page.evaluate(() => (window as unknown as { saved: string[] }).saved);
    expect(srt).toMatch(/^1\r?\n\d\d:\d\d:\d\d,\d{3} --> /);
    expect(vtt).toMatch(/^WEBVTT/);
    const { duration, words } = JSON.parse(json) as { duration: number; words: { probability: number }[] };
    expect(duration).toBe(2);
    for (const { probability } of words) expect(probability).toBeLessThanOrEqual(1);
    expect(csv).toMatch(/^token,\d+\.\d\d,/);
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
    // What was recorded is transcribed as a whole: it can be played, and saved with its times.
    await visitor.page.waitForFunction(
      (selector) => document.querySelector(selector)!.textContent.startsWith("Transcribed in"),
      {},
      byTestId("speak-status"),
    );
    await visitor.stateIs("idle");
    expect(await visitor.text("transcript")).not.toBe("");
    await visitor.page.waitForSelector(".sound:not([hidden])");
    expect(await visitor.page.$eval(".waveform", (slider) => Number(slider.ariaValueMax))).toBeGreaterThan(0.5);
  });

  it("computes where the header's switch says, from the next sound on", async () => {
    await visitor.page.$eval('[name="device"][value="cpu"]', (radio) => (radio as HTMLInputElement).click());
    await visitor.modelIs("ready");
    const input = (await visitor.page.$(byTestId("sound-file"))) as ElementHandle<HTMLInputElement>;
    await input.uploadFile(join(folder, "again.wav"));
    await visitor.page.waitForFunction(
      (selector) => /Device\s*CPU/.test(document.querySelector(selector)!.textContent),
      {},
      byTestId("speak-facts"),
    );
    await visitor.stateIs("idle");
    await visitor.page.$eval('[name="device"][value="wasm"]', (radio) => (radio as HTMLInputElement).click());
    await visitor.modelIs("ready");
  });

  it("reads the sound of a video that is dropped, in the language that is chosen", async () => {
    await visitor.page.select(byTestId("spoken-language"), "fr");
    await visitor.page.evaluate(async (field) => {
      const canvas = document.createElement("canvas");
      canvas.getContext("2d")!.fillRect(0, 0, 9, 9);
      const context = new AudioContext();
      const tone = context.createOscillator();
      const end = context.createMediaStreamDestination();
      tone.connect(end);
      tone.start();
      const stream = new MediaStream([...canvas.captureStream(5).getTracks(), ...end.stream.getTracks()]);
      const recorder = new MediaRecorder(stream, { mimeType: "video/webm" });
      const parts: Blob[] = [];
      recorder.ondataavailable = ({ data }) => parts.push(data);
      recorder.start();
      setTimeout(() => recorder.stop(), 700);
      await new Promise((resolve) => (recorder.onstop = resolve));
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(parts, "film.webm", { type: "video/webm" }));
      document
        .querySelector(field)!
        .dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
    }, ".speak .drop");
    await visitor.page.waitForFunction(
      (selector) => /Length\s*0:00\.[4-9]/.test(document.querySelector(selector)!.textContent),
      {},
      byTestId("speak-facts"),
    );
    await visitor.stateIs("idle");
    expect(await visitor.text("speak-facts")).toMatch(/Language\s+French\s+Length/);
  });

  it("shows hostile texts of a vocabulary and of a file's name as they are", async () => {
    await visitor.page.select(byTestId("spoken-language"), "");
    await visitor.press("speak-choose");
    await visitor.type("./models/hostile/", "model-name");
    await visitor.press("look-up");
    await visitor.see("use-model");
    await visitor.press("use-model");
    await visitor.page.waitForFunction(
      (selector) => document.querySelector(selector)!.textContent.includes("hostile is ready"),
      {},
      byTestId("speak-status"),
    );
    await visitor.page.evaluate((selector) => {
      const seen: string[] = ((window as unknown as { seen: string[] }).seen = []);
      const status = document.querySelector(selector)!;
      new MutationObserver(() => seen.push(status.textContent)).observe(status, { childList: true });
    }, byTestId("speak-status"));
    const input = (await visitor.page.$(byTestId("sound-file"))) as ElementHandle<HTMLInputElement>;
    await input.uploadFile(join(folder, HOSTILE_FILE));
    await visitor.page.waitForFunction(() =>
      (window as unknown as { seen: string[] }).seen.some((text) => text.startsWith("Transcribed in")),
    );
    await visitor.stateIs("idle");
    const seen = await visitor.page.evaluate(() => (window as unknown as { seen: string[] }).seen);
    expect(seen).toContain(`Reading ${HOSTILE_FILE} …`);
    const shown = await visitor.page.$eval(byTestId("transcript"), (element) => element.textContent);
    for (const text of HOSTILE) expect(shown).toContain(text);
    const obeyed = await visitor.page.evaluate(() => [
      document.querySelectorAll(".speak script, .speak img, .speak b").length,
      "hostile" in window,
    ]);
    expect(obeyed).toEqual([0, false]);
    await visitor.isAccessible("hostile texts", [320]);
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
