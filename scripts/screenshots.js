/**
 * Pictures of the demo's views for docs/images: light and dark, wide and narrow. `node scripts/screenshots.js [SOUND] [VIEW ...]`
 * builds the page, serves it and drives it in a browser. SOUND is a WAV file of English speech: with it, Speak is shown with a
 * transcript (speak), with the map of where the model listened (alignment), and while the microphone hears the file (live); without
 * it, as it is at first. Names of views choose some of the pictures.
 */

/* global document, requestAnimationFrame */

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, resolve } from "node:path";
import process from "node:process";
import puppeteer from "puppeteer";

const OUT = "docs/images";
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const WIDTHS = { wide: 1280, narrow: 360 };
const HEIGHTS = { wide: 900, narrow: 780 };

const isSound = (name) => name.endsWith(".wav");
const sound = process.argv.slice(2).find(isSound);
const chosen = process.argv.slice(2).filter((name) => !isSound(name));
const folder = mkdtempSync(join(tmpdir(), "attendant-pictures-"));
execFileSync(process.execPath, ["node_modules/vite/bin/vite.js", "build", "--outDir", folder, "--emptyOutDir"], {
  env: { ...process.env, NODE_ENV: "production" },
});
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
  args: [
    ...["--no-sandbox", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"],
    ...["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"],
    ...(sound ? [`--use-file-for-fake-audio-capture=${resolve(sound)}%noloop`] : []),
  ],
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
  speak: transcribe,
  async alignment(page) {
    await transcribe(page);
    await page.$eval(".alignment", (panel) => panel.scrollIntoView());
  },
  async live(page) {
    if (!sound) return;
    // Sound begins only when a person pressed something.
    await page.click('[data-testid="record"]');
    // Some words are final, and some are not.
    await page.waitForFunction(
      () => {
        const heard = document.querySelector('[data-testid="heard"]');
        return heard?.previousSibling.textContent.length > 25 && heard.textContent.length > 3;
      },
      { timeout: 120_000, polling: 50 },
    );
  },
  async doctor(page) {
    await press(page, "check");
    await page.waitForSelector('[data-testid="kernels"]', { timeout: 120_000 });
    await idle(page);
    await page.$eval(".doctor h2:nth-of-type(2)", (title) => title.scrollIntoView());
  },
};

/** What a transcript needs. */
async function transcribe(page) {
  if (!sound) return;
  const input = await page.$('[data-testid="sound-file"]');
  await input.uploadFile(sound);
  await page.waitForSelector(".transcript .word", { timeout: 120_000 });
  await idle(page);
  // A place in the middle, as while it plays.
  await page.$eval('[data-testid="player"]', (player) => (player.currentTime = player.duration / 2));
  await page.waitForSelector(".word.lit");
}

/** Where a picture is of a part of a view. */
const VIEW_OF = { alignment: "speak", live: "speak" };

try {
  for (const [name, prepare] of Object.entries(VIEWS)) {
    if (chosen.length > 0 ? !chosen.includes(name) : VIEW_OF[name] && !sound) continue;
    const page = await browser.newPage();
    await page.setViewport({ width: WIDTHS.wide, height: HEIGHTS.wide });
    await page.goto(`${url}#${VIEW_OF[name] ?? name}`);
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
        // The top of what is shown moves as the width changes.
        if (VIEW_OF[name]) await page.$eval(`.${name === "live" ? "speak" : name}`, (part) => part.scrollIntoView());
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
