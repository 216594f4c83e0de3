/**
 * The demo page as it would be deployed: built, served from a static host under a strict policy, driven by a person's
 * means. Screenshots go to test-results/.
 */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "puppeteer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { closePage, openPage } from "../support/node/pages";
import { serveFolder } from "../support/node/static-server";

interface Case {
  text: string;
  translation: string;
}

const cases = (JSON.parse(readFileSync("test/goldens/en_fr.json", "utf8")) as { cases: Case[] }).cases;
/** A sentence long enough to be stopped. */
const [sentence] = cases.filter(({ text }) => text.length > 20 && text.length < 40);

describe("the demo page", () => {
  let page: Page;
  let folder: string;
  let server: Awaited<ReturnType<typeof serveFolder>>;

  const byTestId = (id: string): string => `[data-testid="${id}"]`;
  const textOf = (id: string): Promise<string> =>
    page.$eval(byTestId(id), (element) => (element as HTMLElement).innerText.trim());
  const state = (...wanted: string[]) =>
    page.waitForFunction((states) => states.includes(document.documentElement.dataset.state ?? ""), {}, wanted);
  const type = async (text: string): Promise<void> => {
    await page.click(byTestId("source"), { count: 3 });
    await page.keyboard.press("Backspace");
    await page.type(byTestId("source"), text);
  };
  const screenshot = (name: string) => page.screenshot({ path: `test-results/${name}.png` });

  beforeAll(async () => {
    mkdirSync("test-results", { recursive: true });
    folder = mkdtempSync(join(tmpdir(), "attendant-demo-"));
    const env = { ...process.env, VITEST: "", NODE_ENV: "production" };
    execFileSync(process.execPath, ["node_modules/vite/bin/vite.js", "build", "--outDir", folder, "--emptyOutDir"], {
      env,
      stdio: "pipe",
    });
    server = await serveFolder(folder);
    page = await openPage();
    await page.goto(server.url);
    await state("ready");
  });
  afterAll(async () => {
    await closePage(page); // throws what the page logged, violations of the policy included
    await server.close();
    rmSync(folder, { recursive: true });
  });

  it("loads the model on the GPU and names the adapter", async () => {
    expect(await textOf("adapter")).toMatch(/^GPU/);
    expect(await page.$eval(byTestId("device-gpu"), (radio) => (radio as HTMLInputElement).checked)).toBe(true);
    expect(await page.$eval(byTestId("error"), (panel) => (panel as HTMLElement).hidden)).toBe(true);
  });

  it("translates what is typed, as PyTorch does", async () => {
    await type(sentence.text);
    await page.click(byTestId("translate"));
    await state("ready", "error");
    expect(await textOf("output")).toBe(sentence.translation);
    expect(await textOf("tokens-per-second")).toMatch(/tokens\/s$/);
    await screenshot("demo-gpu");
  });

  it("shows the cross-attention, each row adding up to one", async () => {
    const cells = await page.$$eval(`${byTestId("heatmap")} .cell`, (all) =>
      all.map((cell) => cell.getAttribute("aria-label") ?? ""),
    );
    expect(cells.length).toBeGreaterThan(9);
    for (const label of cells) expect(label).toMatch(/looked at .*%$/);
  });

  it("translates with the Enter key, token by token", async () => {
    await type("I have lost my keys.");
    await page.evaluate((selector) => {
      const seen: string[] = [];
      (window as unknown as { seen: string[] }).seen = seen;
      const output = document.querySelector(selector) as HTMLElement;
      new MutationObserver(() => seen.push(output.innerText)).observe(output, { childList: true, subtree: true });
    }, byTestId("output"));
    await page.keyboard.press("Enter");
    await state("translating");
    await state("ready", "error");
    const seen = await page.evaluate(() => (window as unknown as { seen: string[] }).seen);
    const texts = [...new Set(seen.filter(Boolean))];
    expect(texts.length).toBeGreaterThan(2);
    for (const [i, text] of texts.entries()) expect(texts[i + 1] ?? text).toContain(text.trim());
  });

  it("says what to do with an empty box", async () => {
    await type(" ");
    await page.click(byTestId("translate"));
    expect(await textOf("status")).toBe("Type a sentence first.");
  });

  it("says in words that a text is too long", async () => {
    await page.$eval(
      byTestId("source"),
      (box, text) => ((box as HTMLTextAreaElement).value = text),
      "word ".repeat(300),
    );
    await page.click(byTestId("translate"));
    await state("error");
    expect(await textOf("error")).toMatch(/tokens; this model takes at most 256/);
  });

  it("gives the same French on the CPU", async () => {
    await page.click(`label:has(${byTestId("device-cpu")})`);
    await state("loading");
    await state("ready");
    expect(await textOf("adapter")).toBe("CPU");
    await type(sentence.text);
    await page.click(byTestId("translate"));
    await state("ready", "error");
    expect(await textOf("output")).toBe(sentence.translation);
  });

  it("fits a phone in dark mode without scrolling sideways", async () => {
    await page.setViewport({ width: 360, height: 740 });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(360);
    const background = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    expect(background).toBe("rgb(19, 21, 23)");
    await screenshot("demo-phone-dark");
  });
});
