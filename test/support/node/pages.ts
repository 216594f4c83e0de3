/**
 * Pages for browser tests. The test runs in Node and asks the page to call functions of modules that the page imports
 * from the server of the tests; modules under test/support/ that use neither Node nor vitest run on both sides.
 *
 * What a page logs as an error or warning (WebGPU reports its own as warnings), throws, or fails to load is a failure
 * of the test: `runInPage` and `closePage` throw it, unless the test took it with `takeProblems`.
 */

import puppeteer, { TargetType, type Browser, type Page } from "puppeteer";
import { inject } from "vitest";
import { launchFirefox, wantsFirefox } from "./browser";
import { BROWSER_ENDPOINT } from "./global-setup";
import { keepPipelines, shareDevice } from "../page/shared-device";
import { fromJson, toJson } from "../shared/json";

interface Watch {
  problems: string[];
  /** Rejects when the page's process dies, which evaluate() alone would not notice for minutes. */
  crashed: Promise<never>;
  browser: Browser;
}

const watched = new WeakMap<Page, Watch>();

/** Files run two at a time, and what one counts in its page must not be of the other. */
const MODELS_PAGE = `/test/browser/blank.html?models=${process.env.VITEST_POOL_ID ?? ""}`;

/**
 * A page whose models share one GPU device: see shared-device.ts. It stays for the files of tests that come later: what one has
 * compiled, the next has.
 */
export async function openModelsPage(): Promise<Page> {
  if (!wantsFirefox()) {
    const baseUrl = inject("baseUrl");
    const browser = await connectBrowser(await sharedBrowser(baseUrl));
    const open = browser
      .targets()
      .find((target) => target.type() === TargetType.PAGE && target.url() === baseUrl + MODELS_PAGE);
    const page = await open?.page();
    if (page) {
      watch(page, browser);
      return page;
    }
    await browser.disconnect();
  }
  return openPage(MODELS_PAGE, { first: [shareDevice, keepPipelines] });
}

interface PageOptions {
  /** What runs in the page before everything else. */
  first?: (() => void)[];
  /** The WebSocket address of a browser; by default that of all tests. */
  endpoint?: string;
}

/** A page in a profile of its own (no cache, no storage is shared), open at `path` of the test server. */
export async function openPage(path = "/test/browser/blank.html", options: PageOptions = {}): Promise<Page> {
  const baseUrl = inject("baseUrl");
  const browser = wantsFirefox()
    ? await launchFirefox()
    : await connectBrowser(options.endpoint ?? (await sharedBrowser(baseUrl)));
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  watch(page, browser);
  if (!wantsFirefox()) for (const first of options.first ?? []) await page.evaluateOnNewDocument(first);
  const response = await page.goto(baseUrl + path);
  if (!response?.ok()) throw new Error(`${path} of the test server answered ${response?.status() ?? "nothing"}.`);
  return page;
}

async function sharedBrowser(baseUrl: string): Promise<string> {
  const answer = await fetch(baseUrl + BROWSER_ENDPOINT);
  const endpoint = await answer.text();
  if (!answer.ok) throw new Error(`The browser could not be started again: ${endpoint}`);
  return endpoint;
}

function connectBrowser(endpoint: string): Promise<Browser> {
  return puppeteer.connect({
    browserWSEndpoint: endpoint,
    protocolTimeout: 600_000,
    defaultViewport: { width: 1280, height: 800 },
  });
}

/**
 * Calls the export `name` of a module in the page, awaits it and returns the result. Arguments and result are plain
 * data and typed arrays; NaN and infinities survive the way.
 *
 * @param module path from the root of the repository, such as "/test/support/page/encode.ts"
 */
export async function runInPage<Result>(page: Page, module: string, name: string, ...args: unknown[]): Promise<Result> {
  const { crashed } = watchOf(page);
  // A string, not a function: vitest rewrites every import() in this file for Node.
  const call = [module, name, toJson(args)].map((text) => JSON.stringify(text)).join(", ");
  const result = page.evaluate(`import("/test/support/page/in-page.ts").then((page) => page.call(${call}))`);
  const text = await Promise.race([result, crashed]);
  throwProblems(page);
  return fromJson(text as string) as Result;
}

/** What went wrong in the page since the last call; for tests that expect it. */
export function takeProblems(page: Page): string[] {
  return watchOf(page).problems.splice(0);
}

export async function closePage(page: Page): Promise<void> {
  const { browser, problems } = watchOf(page);
  if (browser.connected) {
    const stays = page.url().endsWith(MODELS_PAGE) && !wantsFirefox() && problems.length === 0;
    if (!stays) await page.browserContext().close();
    await (wantsFirefox() ? browser.close() : browser.disconnect());
  }
  throwProblems(page);
}

function watch(page: Page, browser: Browser): void {
  const problems: string[] = [];
  const crashed = new Promise<never>((_resolve, reject) => {
    page.on("error", (error) => reject(new Error(`The page crashed: ${error.message}`)));
    browser.on("disconnected", () => reject(new Error("The browser of the tests has died.")));
  });
  crashed.catch(() => {}); // A page that nobody is waiting for may die: closePage disconnects.
  page.on("pageerror", (error) =>
    problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error)),
  );
  page.on("requestfailed", (request) => {
    const reason = request.failure()?.errorText ?? "no reason given";
    // An aborted download is the work of the page itself.
    if (reason !== "net::ERR_ABORTED") problems.push(`${request.url()}: ${reason}`);
  });
  page.on("console", (message) => {
    if (message.type() !== "error" && message.type() !== "warn") return;
    // The browser logs every 404; a model's optional files are looked for that way, and code that minds says so itself.
    if (message.text().endsWith("404 (Not Found)")) return;
    problems.push(`console: ${message.text()}`);
  });
  watched.set(page, { problems, crashed, browser });
}

function watchOf(page: Page): Watch {
  const found = watched.get(page);
  if (!found) throw new Error("This page was not opened by openPage.");
  return found;
}

function throwProblems(page: Page): void {
  const problems = takeProblems(page);
  if (problems.length) throw new Error(`The page reported:\n${problems.join("\n")}`);
}
