/** The demo page as it would be deployed: built, served under a sub-path and a strict policy, and asked by a person's means. */

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { AxeResults } from "axe-core";
import type { Page } from "puppeteer";
import { expect } from "vitest";
import { copyDemo } from "./built-package";
import { closePage, openPage } from "./pages";
import { serveFolder, STRICT_POLICY, WASM_POLICY, type Asked } from "./static-server";

/** Where the page is on its host: static files have to work anywhere. */
const SUB_PATH = "some/where";

/** What Speak needs: it plays what the visitor dropped. */
const withMedia = (policy: string): string => `${policy}; media-src 'self' blob:`;

export interface Demo {
  /** Of the page, with a slash at the end. */
  url: string;
  /** What was asked for so far. */
  asked: readonly Asked[];
  /** The page with a mirror of the Hub beside it: its file, for the end of `url`. */
  mirrored: string;
  /** Puts a repository on that mirror. */
  addRepository(repo: string, files: Record<string, string | Uint8Array>, licence: string): void;
  /** Serves the same files under another policy. */
  strict(): Promise<{ url: string; close: () => Promise<void> }>;
  /** Puts a folder of files beside the models of the page; returns the address to type. */
  addModel(name: string, files: Record<string, string | Uint8Array> | string): string;
  /** Where a model of the page is on disk. */
  modelFolder(name: string): string;
  close(): Promise<void>;
}

export async function buildDemo(): Promise<Demo> {
  mkdirSync("test-results", { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), "attendant-demo-"));
  const root = join(folder, SUB_PATH);
  await copyDemo(root);
  const server = await serveFolder(folder, withMedia(WASM_POLICY));
  const html = readFileSync(join(root, "index.html"), "utf8");
  const mirrored = "mirrored.html";
  writeFileSync(join(root, mirrored), html.replace("https://huggingface.co", "./hub/"));
  const put = (target: string, files: Record<string, string | Uint8Array>): void => {
    for (const [file, content] of Object.entries(files)) {
      mkdirSync(dirname(join(target, file)), { recursive: true });
      writeFileSync(join(target, file), content);
    }
  };
  return {
    url: `${server.url}${SUB_PATH}/`,
    asked: server.asked,
    mirrored,
    addRepository(repo, files, licence) {
      const commit = "0123456789abcdef0123456789abcdef01234567";
      const siblings = Object.entries(files).map(([rfilename, content]) => {
        return { rfilename, size: Buffer.byteLength(content), blobId: "0" };
      });
      const listing = JSON.stringify({ sha: commit, siblings, tags: [`license:${licence}`] });
      put(join(root, "hub", repo, "resolve", commit), files);
      put(join(root, "hub/api/models", repo, "revision"), { main: listing });
    },
    async strict() {
      const other = await serveFolder(folder, withMedia(STRICT_POLICY));
      return { url: `${other.url}${SUB_PATH}/`, close: other.close };
    },
    modelFolder: (name) => join(root, "models", name),
    addModel(name, files) {
      const target = join(root, "models", name);
      if (typeof files === "string") cpSync(files, target, { recursive: true });
      else put(target, files);
      return `./models/${name}/`;
    },
    async close() {
      await server.close();
      rmSync(folder, { recursive: true });
    },
  };
}

export const byTestId = (id: string): string => `[data-testid="${id}"]`;

/** A visitor of the page. */
export class Visitor {
  private constructor(readonly page: Page) {}

  static async open(url: string, hash = ""): Promise<Visitor> {
    const page = await openPage();
    await page.goto(url + hash);
    return new Visitor(page);
  }

  /** Throws what the page logged, violations of the policy included. */
  close = (): Promise<void> => closePage(this.page);

  text = (id: string): Promise<string> =>
    this.page.$eval(byTestId(id), (element) => (element as HTMLElement).innerText.trim());

  async modelIs(...phases: string[]): Promise<void> {
    await this.page.waitForFunction((all) => all.includes(document.documentElement.dataset.model!), {}, phases);
  }

  /** @param timeout in milliseconds */
  async stateIs(state: string, timeout = 30_000): Promise<void> {
    await this.page.waitForFunction((state) => document.documentElement.dataset.state === state, { timeout }, state);
  }

  async see(id: string): Promise<void> {
    await this.page.waitForSelector(byTestId(id), { visible: true });
  }

  /** By script: what is pressed may lie under the fold of a small screen. */
  async press(id: string): Promise<void> {
    await this.page.waitForSelector(`${byTestId(id)}:not(:disabled)`);
    await this.page.$eval(byTestId(id), (element) => (element as HTMLElement).click());
  }

  async type(text: string, id = "source"): Promise<void> {
    await this.page.$eval(
      byTestId(id),
      (box, text) => {
        (box as HTMLTextAreaElement).value = text;
        box.dispatchEvent(new Event("input", { bubbles: true }));
      },
      text,
    );
  }

  async goTo(view: string): Promise<void> {
    await this.page.click(byTestId(`tab-${view}`));
    await this.page.waitForFunction((view) => document.documentElement.dataset.view === view, {}, view);
  }

  /** Light and dark, one after the other: axe-core finds nothing, and nothing is wider than the screen. */
  async isAccessible(where: string, widths: readonly number[] = [1280]): Promise<void> {
    for (const scheme of ["light", "dark"]) {
      await this.page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      expect(await axe(this.page), `${where}, ${scheme}`).toEqual([]);
    }
    for (const width of widths) {
      await this.page.setViewport({ width, height: 800 });
      expect(await this.page.evaluate(() => document.documentElement.scrollWidth), `${where}, ${width} px`).toBe(width);
    }
    await this.page.setViewport({ width: 1280, height: 800 });
  }
}

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe-core objects to: the rule, and the elements. */
async function axe(page: Page): Promise<string[]> {
  // Puppeteer evaluates past the policy of the page, which would not let the page itself do it.
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(where: Document, options: object): Promise<AxeResults> } };
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(" | ")}`);
  });
}
