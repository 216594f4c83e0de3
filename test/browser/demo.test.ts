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
import { wantsRealGpu } from "../support/node/browser";
import { closePage, openPage, takeProblems } from "../support/node/pages";
import { serveFolder, STRICT_POLICY, WASM_POLICY } from "../support/node/static-server";

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

  const DEVICES = ["webgpu", "wasm", "cpu"] as const;
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
  const chosen = (from = page): Promise<string[]> =>
    from.$$eval('input[name="device"]:checked', (radios) => radios.map((radio) => radio.value));
  const choose = async (device: (typeof DEVICES)[number]): Promise<void> => {
    await page.click(`label:has(${byTestId(`device-${device}`)})`);
    await state("loading");
    await state("ready", "error");
    expect(await chosen()).toEqual([device]);
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
    server = await serveFolder(folder, WASM_POLICY);
    page = await openPage();
    await page.goto(server.url);
    await state("ready");
  });
  afterAll(async () => {
    await closePage(page); // throws what the page logged, violations of the policy included
    await server.close();
    rmSync(folder, { recursive: true });
  });

  it("begins where the engine would, and offers what it says it has", async () => {
    // A software adapter is there and is only taken when asked for.
    expect(await chosen()).toEqual([wantsRealGpu() ? "webgpu" : "wasm"]);
    for (const device of DEVICES) {
      expect(await page.$eval(byTestId(`device-${device}`), (radio) => (radio as HTMLInputElement).disabled)).toBe(
        false,
      );
    }
    expect(await page.$eval(byTestId("error"), (panel) => (panel as HTMLElement).hidden)).toBe(true);
  });

  it.each([
    ["cpu", /^CPU reference/],
    ["wasm", /^WebAssembly/],
    ["webgpu", /^GPU/],
  ] as const)("translates what is typed as PyTorch does, on %s, and names it", async (device, name) => {
    if (!(await chosen()).includes(device)) await choose(device);
    expect(await textOf("adapter")).toMatch(name);
    await type(sentence.text);
    await page.click(byTestId("translate"));
    await state("ready", "error");
    expect(await textOf("output")).toBe(sentence.translation);
    expect(await textOf("tokens-per-second")).toMatch(/tokens\/s$/);
    await screenshot(`demo-${device}`);
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

  it("fits a phone in dark mode without scrolling sideways", async () => {
    await page.setViewport({ width: 360, height: 740 });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(360);
    const background = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    expect(background).toBe("rgb(19, 21, 23)");
    await screenshot("demo-phone-dark");
  });

  it("says why WebAssembly is refused where the host's policy forbids it, and runs on what is left", async () => {
    const strict = await serveFolder(folder, STRICT_POLICY);
    const other = await openPage();
    try {
      await other.goto(strict.url);
      await other.waitForFunction(() => document.documentElement.dataset.state === "ready");
      expect(await chosen(other)).toEqual([wantsRealGpu() ? "webgpu" : "cpu"]);
      const [disabled, why] = await other.$eval(byTestId("device-wasm"), (radio) => [
        (radio as HTMLInputElement).disabled,
        radio.parentElement?.title,
      ]);
      expect(disabled).toBe(true);
      expect(why).toMatch(/^WebAssembly is here but refused: /);
      expect(await other.$eval("#notice", (notice) => (notice as HTMLElement).innerText)).toContain(why);
      // The browser logs each try to compile; the engine warns once.
      const warnings = takeProblems(other).filter((problem) => problem.includes("plain JavaScript"));
      expect(warnings).toHaveLength(wantsRealGpu() ? 0 : 1);
    } finally {
      takeProblems(other);
      await closePage(other);
      await strict.close();
    }
  });
});
