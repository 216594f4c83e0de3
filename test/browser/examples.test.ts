/** The examples at work in a browser: copied out of the repository, with the built package and the default model. */

import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Page } from "puppeteer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Seq2Seq } from "../../src/index";
import { copyPackage, runVite } from "../support/node/built-package";
import { closePage, openPage } from "../support/node/pages";
import { serveFolder } from "../support/node/static-server";

const MODEL = resolve("demo/public/models/en-fr");
/** What the pages show at first. */
const STATION = "Where is the station?";

/** Pages as they are, and apps that Vite builds. */
const [PAGES, APPS] = [
  ["module-worker", "offline", "page"],
  ["react", "vite"],
];

it("every example with a page is tested here", () => {
  const names = readdirSync("examples").filter((name) => existsSync(`examples/${name}/index.html`));
  expect(names.sort()).toEqual([...PAGES, ...APPS].sort());
});

describe("the examples", () => {
  let root: string;
  let server: Awaited<ReturnType<typeof serveFolder>>;
  let page: Page;
  /** What the engine gives in Node. */
  let model: Seq2Seq;

  beforeAll(async () => {
    model = await Seq2Seq.load(MODEL, { device: "wasm" });
    root = mkdtempSync(join(tmpdir(), "attendant-examples-"));
    const installed = join(root, "node_modules");
    await copyPackage(join(installed, "attendant"));
    for (const name of ["react", "react-dom", "scheduler"])
      symlinkSync(resolve("node_modules", name), join(installed, name), "junction");
    const link = (target: string, folder: string, name: string) => {
      mkdirSync(folder, { recursive: true });
      symlinkSync(target, join(folder, name), "junction");
    };
    for (const name of PAGES) {
      cpSync(`examples/${name}`, join(root, name), { recursive: true });
      link(join(installed, "attendant/dist"), join(root, name), "attendant");
      link(MODEL, join(root, name, "models"), "en-fr");
    }
    for (const name of APPS) {
      cpSync(`examples/${name}`, join(root, name), {
        recursive: true,
        filter: (path) => !/node_modules|models/.test(path),
      });
      link(MODEL, join(root, name, "public/models"), "en-fr");
      // The app may be deployed in any folder. React in development mounts everything twice under StrictMode.
      runVite(["build", "--base", "./"], join(root, name), "development");
    }
    server = await serveFolder(root, "");
  });
  afterAll(async () => {
    await server.close();
    await model.dispose();
    rmSync(root, { recursive: true });
  });

  /** Opens one, does something with it, and fails where the page logged a warning or an error. */
  async function visit(path: string, body: () => Promise<void>): Promise<void> {
    page = await openPage();
    try {
      await page.goto(`${server.url}${path}`);
      await body();
    } finally {
      await closePage(page);
    }
  }

  const enabled = (selector: string) => page.waitForSelector(`${selector}:not([disabled])`, { timeout: 120_000 });
  const shows = (selector: string, text: string) =>
    page.waitForFunction(
      (at, wanted) => document.querySelector(at)?.textContent === wanted,
      { timeout: 60_000 },
      selector,
      text,
    );
  const french = async (text: string, num_beams = 1) => (await model.generateText(text, { num_beams })).texts[0];

  it.each(PAGES)("%s: streams a translation", async (name) => {
    await visit(`${name}/`, async () => {
      await enabled("button");
      for (const text of [STATION, "It is late."]) {
        await page.$eval("input", (input, value) => (input.value = value), text);
        await page.click("button");
        await enabled("button");
        await shows("output", await french(text));
      }
    });
  });

  it("offline: translates on the second visit, without a network", async () => {
    await visit("offline/", async () => {
      await enabled("button");
      await page.setOfflineMode(true);
      await page.reload();
      await enabled("button");
      await page.click("button");
      await shows("output", await french(STATION));
      await page.setOfflineMode(false);
    });
  });

  it("vite: translates a batch with beams, and stops", async () => {
    await visit("vite/dist/", async () => {
      await enabled("#run");
      await page.click("#run");
      const texts = await Promise.all([STATION, "It is late."].map((text) => french(text, 4)));
      await page.waitForFunction((count) => document.querySelectorAll("li").length === count, {}, texts.length);
      expect(await page.$$eval("li", (items) => items.map(({ textContent }) => textContent))).toEqual(texts);
      expect(await page.$eval("#status", ({ textContent }) => textContent)).toMatch(/^\d+ tokens in \d+ ms\.$/);
      await page.evaluate(() => {
        document.querySelector<HTMLButtonElement>("#run")?.click();
        document.querySelector<HTMLButtonElement>("#stop")?.click();
      });
      await shows("#status", "Stopped.");
      await enabled("#run");
    });
  });

  it("react: translates what is typed, though StrictMode mounts it twice", async () => {
    await visit("react/dist/", async () => {
      await page.waitForSelector("output", { timeout: 120_000 });
      await shows("output", await french(STATION));
      await page.click("input", { count: 3 });
      await page.keyboard.sendCharacter("It is late.");
      await shows("output", await french("It is late."));
    });
  });
});
