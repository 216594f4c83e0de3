/** A microphone, whose sound is a WAV file: live text in a page, by a tiny Whisper in a worker, and the events of SpeechRecognition. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "puppeteer";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { launchBrowser, wantsFirefox } from "../support/node/browser";
import { codeBlocks, needsPage } from "../support/node/code-blocks";
import { closePage, openPage, runInPage, takeProblems } from "../support/node/pages";
import { wavFile } from "../support/node/wav";
import type { Heard, Listened } from "../support/page/microphone";
import { signal } from "../support/shared/signal";

const MODULE = "/test/support/page/microphone.ts";

// Firefox has no sound of a file for its microphone.
describe.skipIf(wantsFirefox())("a microphone", () => {
  const folder = mkdtempSync(join(tmpdir(), "attendant-microphone-"));
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    const file = join(folder, "microphone.wav");
    writeFileSync(file, await wavFile(signal(20 * 48000, 7), 48000));
    browser = await launchBrowser([
      "--use-fake-device-for-media-stream",
      "--use-fake-ui-for-media-stream",
      `--use-file-for-fake-audio-capture=${file}`,
    ]);
    page = await openPage("/test/browser/blank.html", { endpoint: browser.wsEndpoint() });
  });
  afterAll(async () => {
    await closePage(page);
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  it("gives text while it is heard, and takes nothing back", async () => {
    const { pieces, run } = await runInPage<Listened>(page, MODULE, "listen", 4);
    const final = pieces.filter((piece) => piece.final);
    expect(final.length).toBeGreaterThan(1);
    expect(pieces.some((piece) => !piece.final)).toBe(true);
    // All is final in the end; what comes later was said later.
    expect(pieces.at(-1).final).toBe(true);
    for (const { text, start, end } of pieces) {
      expect(text).not.toBe("");
      expect(end).toBeGreaterThanOrEqual(start);
    }
    final.slice(1).forEach(({ start }, i) => expect(start).toBeGreaterThanOrEqual(final[i].start));
    const [{ at }] = pieces;
    console.log(`first text after ${at.toFixed(2)} s: an interval of 1 s, and a run of ${run.toFixed(2)} s`);
    // An interval of sound, the start of the microphone, and some runs, on a machine that may be busy.
    expect(at).toBeGreaterThan(1);
    expect(at).toBeLessThan(1.5 + 3 + 5 * run);
  });

  it("tells the events of SpeechRecognition", async () => {
    const found = await runInPage<Record<"once" | "stopped" | "aborted", Heard[]> & { available: string }>(
      page,
      MODULE,
      "recognise",
    );
    expect(found.available).toBe("available");
    const begins = ["start", "audiostart", "soundstart", "speechstart"];
    const types = (heard: Heard[]): string[] => heard.map(({ type }) => type);
    const once = [...begins, "result", "speechend", "soundend", "audioend", "end"];
    expect(types(found.once)).toEqual(once);
    expect(found.once[4].results).toHaveLength(1);
    expect(found.once[4].results![0]).toMatch(/\.$/);

    const results = found.stopped.filter(({ type }) => type === "result");
    expect(types(found.stopped).slice(0, 4)).toEqual(begins);
    expect(types(found.stopped).slice(-4)).toEqual(once.slice(-4));
    expect(results.length).toBeGreaterThan(2);
    expect(results.some(({ results: texts }) => !texts!.at(-1).endsWith("."))).toBe(true);
    expect(results.at(-1).results!.every((text) => text.endsWith("."))).toBe(true);
    // Final results stay as they are.
    results.slice(1).forEach(({ resultIndex, results: texts }, i) => {
      expect(texts!.slice(0, resultIndex)).toEqual(results[i].results!.slice(0, resultIndex));
      for (const text of texts!.slice(0, resultIndex)) expect(text).toMatch(/\.$/);
    });

    expect(types(found.aborted).slice(-2)).toEqual(["error", "end"]);
    expect(found.aborted.at(-2).error).toBe("aborted");
  });

  it.each(codeBlocks().filter(({ code }) => needsPage(code)))("$name of the documentation runs", async ({ code }) => {
    const { outputText } = ts.transpileModule(code, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
    });
    const shown: string[] = [];
    page.on("console", (message) => shown.push(message.text()));
    await runInPage(page, MODULE, "prepare", 4);
    const content = outputText
      .replaceAll('"attendant"', '"/src/index.ts"')
      .replaceAll(/"\/models\/whisper-.*?"/g, "globalThis.whisper")
      .replaceAll('"/talk.wav"', "globalThis.talk");
    await page.addScriptTag({ type: "module", content: `${content}\nconsole.log("ran");` });
    await vi.waitFor(() => expect(shown).toContain("ran"), 60_000);
    // What it is for: text on the page, or what it logs.
    const text = await page.$eval("body", (body) => body.textContent.trim());
    await vi.waitFor(() => expect(shown.length + text.length).toBeGreaterThan(1), 60_000);
    takeProblems(page);
  });
});
