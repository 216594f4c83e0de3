/**
 * `npm run bench:gpu` in an installed browser, for machines without the `webgpu` package: the same measurement in a page
 * (page.ts), whose results come here. Timestamps are not rounded.
 */

import type { Browser } from "puppeteer";
import { launchBrowser } from "../../test/support/node/browser";
import { readOptions, resultsIn, writeResults } from "./options";
import type { Results } from "./results";

const PATIENCE_MS = 20_000;
const ARGS = ["--disable-dawn-features=timestamp_quantization"];

/** A browser with a GPU, or else with a software adapter, for a rehearsal. `page` is an address of the server. */
async function openBrowser(page: string): Promise<Browser> {
  for (const gpu of ["1", "0"]) {
    process.env.ATTENDANT_GPU = gpu;
    const browser = await launchBrowser(ARGS);
    const tab = await browser.newPage();
    await tab.goto(page);
    const asked = tab.evaluate(async () => {
      const gpu = navigator.gpu as GPU | undefined;
      return (await gpu?.requestAdapter({ powerPreference: "high-performance" })) != null;
    });
    // Without a driver the browser may never answer.
    const late = new Promise<false>((resolve) => setTimeout(() => resolve(false), PATIENCE_MS));
    const found = await Promise.race([asked.catch(() => false), late]);
    if (found) {
      await tab.close();
      return browser;
    }
    await browser.close();
    if (gpu === "1") console.log("The browser gave no GPU; its software adapter stands in.");
  }
  throw new Error("The browser has no WebGPU.");
}

/** @param origin of a server of this folder's modules */
export async function benchInBrowser(origin: string, args: string[]): Promise<void> {
  const { wanted, fresh, folder } = readOptions(args);
  const known = fresh ? {} : resultsIn(folder);
  const address = `${origin}/test/browser/blank.html`;
  const browser = await openBrowser(address);
  try {
    const page = await browser.newPage();
    await page.goto(address);
    const host = await browser.version();
    await page.exposeFunction("benchLog", (line: string) => console.log(line));
    await page.exposeFunction("benchSave", (text: string) => writeResults(folder, host, JSON.parse(text) as Results));
    // As text: what the server makes of an import() in this file is for Node.
    const call = `runInPage(${JSON.stringify(wanted)}, ${JSON.stringify(known)})`;
    const left = (await page.evaluate(`import("/bench/gpu/page.ts").then((module) => module.${call})`)) as number;
    console.log(`Results are in ${folder}; ${left} things left out`);
  } finally {
    await browser.close();
  }
}
