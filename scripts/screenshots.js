/**
 * Pictures of the demo's views for docs/images: light and dark, wide and narrow. `node scripts/screenshots.js [FOLDER OF A WHISPER]`
 * builds the page, serves it and drives it in a browser. Speak is shown with a transcript where a Whisper is given, with a WAV
 * file beside it (sound.wav), else as it is at first.
 */

/* global document, requestAnimationFrame */

import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import puppeteer from "puppeteer";

const OUT = "docs/images";
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const WIDTHS = { wide: 1280, narrow: 360 };
const HEIGHTS = { wide: 900, narrow: 780 };

const whisper = process.argv[2];
const folder = mkdtempSync(join(tmpdir(), "attendant-pictures-"));
execFileSync(process.execPath, ["node_modules/vite/bin/vite.js", "build", "--outDir", folder, "--emptyOutDir"], {
  env: { ...process.env, NODE_ENV: "production" },
});
if (whisper) cpSync(whisper, join(folder, "models/whisper"), { recursive: true });
mkdirSync(OUT, { recursive: true });

const server = createServer((request, response) => {
  const path = new URL(request.url, "http://localhost").pathname;
  const file = join(folder, path.endsWith("/") ? `${path}index.html` : path);
  if (!existsSync(file)) return response.writeHead(404).end();
  response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
  response.end(readFileSync(file));
});
await new Promise((resolve) => server.listen(0, "localhost", resolve));
const url = `http://localhost:${server.address().port}/`;
const browser = await puppeteer.launch({
  executablePath: process.env.CHROME_PATH ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"],
});

const press = (page, id) => page.$eval(`[data-testid="${id}"]`, (element) => element.click());
const idle = (page) => page.waitForFunction(() => document.documentElement.dataset.state === "idle");

/** What each view shows in its picture. */
const VIEWS = {
  async translate(page) {
    await press(page, "search-beams");
    await page.$eval(
      '[data-testid="source"]',
      (box) => (box.value = "She gave me a red book and an old map of the city."),
    );
    await press(page, "translate");
    await page.waitForSelector(".candidate");
    await page.$$eval(".word", (words) => words[2].click());
    await page.waitForSelector('[data-testid="choice"]');
  },
  async inside(page) {
    await page.waitForSelector('[data-testid="panel"] h2');
    await press(page, "head-1");
    await page.waitForSelector('[data-testid="stages"]');
  },
  async speak(page) {
    if (!whisper) return;
    await press(page, "speak-choose");
    await page.type('[data-testid="model-name"]', "./models/whisper/");
    await press(page, "look-up");
    await page.waitForSelector('[data-testid="use-model"]');
    await press(page, "use-model");
    await page.waitForSelector('[data-testid="sound-file"]:not(:disabled)');
    const input = await page.$('[data-testid="sound-file"]');
    await input.uploadFile(join(whisper, "sound.wav"));
    await page.waitForSelector(".transcript .word", { timeout: 120_000 });
    await idle(page);
  },
  async doctor(page) {
    await press(page, "check");
    await page.waitForSelector('[data-testid="kernels"]', { timeout: 120_000 });
    await idle(page);
    await page.$eval(".doctor h2:nth-of-type(2)", (title) => title.scrollIntoView());
  },
};

try {
  for (const [name, prepare] of Object.entries(VIEWS)) {
    const page = await browser.newPage();
    await page.setViewport({ width: WIDTHS.wide, height: HEIGHTS.wide });
    await page.goto(`${url}#${name}`);
    await page.waitForFunction(() => document.documentElement.dataset.model === "ready");
    await prepare(page);
    for (const scheme of ["light", "dark"]) {
      await page.emulateMediaFeatures([
        { name: "prefers-color-scheme", value: scheme },
        { name: "prefers-reduced-motion", value: "reduce" },
      ]);
      for (const size of ["wide", "narrow"]) {
        await page.setViewport({ width: WIDTHS[size], height: HEIGHTS[size] });
        await page.evaluate(
          () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
        );
        await page.screenshot({ path: join(OUT, `demo-${name}-${scheme}-${size}.png`) });
      }
    }
    await page.close();
  }
} finally {
  await browser.close();
  server.close();
  rmSync(folder, { recursive: true });
}
