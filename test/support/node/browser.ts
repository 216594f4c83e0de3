/**
 * Finds and starts the browser of the tests. In order: the one that CHROME_PATH names, an installed Chrome, Chromium
 * or Edge, and on Linux x64 the Chromium inside the npm package @sparticuz/chromium, so that `npm install` is enough.
 * ATTENDANT_BROWSER=bundled asks for the last one. A browser that is missing is an error, never a reason to skip.
 * ATTENDANT_BROWSER=firefox asks for an installed Firefox (`npm run test:firefox`).
 *
 * WebGPU runs on SwiftShader, a software adapter that computes the same everywhere; ATTENDANT_GPU=1 asks for the real GPU.
 */

import { spawnSync } from "node:child_process";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import puppeteer, { type Browser, type LaunchOptions } from "puppeteer";

export interface BrowserPath {
  path: string;
  /** Variables that the browser needs in its environment. */
  env: Record<string, string>;
}

const BUNDLE = "@sparticuz/chromium";

/** @throws one sentence that says what to install or set */
export function findBrowser(): BrowserPath {
  const chosen = process.env.CHROME_PATH;
  if (chosen && !existsSync(chosen)) throw new Error(`CHROME_PATH names ${chosen}, and there is no such file.`);
  const path = chosen ?? (process.env.ATTENDANT_BROWSER === "bundled" ? undefined : installedBrowser());
  if (path) return { path, env: {} };
  if (process.platform === "linux" && process.arch === "x64") return bundledBrowser();
  throw new Error("No browser found: install Chrome, Chromium or Edge, or set CHROME_PATH to one.");
}

/**
 * @param args further command-line flags
 * @param options further ones of puppeteer
 */
export function launchBrowser(args: string[] = [], options: LaunchOptions = {}): Promise<Browser> {
  const { path, env } = findBrowser();
  return puppeteer.launch({
    executablePath: path,
    headless: true,
    ...options,
    env: { ...process.env, ...env },
    // The software adapter on busy cores may take minutes over one evaluate().
    timeout: 120_000,
    protocolTimeout: 600_000,
    args: [
      "--no-sandbox",
      "--enable-unsafe-webgpu",
      // SwiftShader unrolls what sets workgroup memory to zero, which is half of the time in which it compiles a kernel. No kernel
      // may rely on these zeros, and without them one that does fails.
      "--enable-dawn-features=disable_workgroup_init",
      ...adapterFlags(),
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...args,
    ],
  });
}

/** True where the tests run in Firefox. */
export function wantsFirefox(): boolean {
  return process.env.ATTENDANT_BROWSER === "firefox";
}

/** Firefox by WebDriver BiDi, which allows one connection per browser. Its WebGPU runs on whatever Vulkan finds. */
export function launchFirefox(): Promise<Browser> {
  const path = findFirefox();
  if (!path) throw new Error("No Firefox found: install it, or set FIREFOX_PATH to one.");
  return puppeteer.launch({
    browser: "firefox",
    executablePath: path,
    headless: true,
    timeout: 120_000,
    protocolTimeout: 600_000,
    extraPrefsFirefox: { "dom.webgpu.enabled": true, "gfx.webgpu.ignore-blocklist": true },
  });
}

/** True where the tests must run on hardware. */
export function wantsRealGpu(): boolean {
  return process.env.ATTENDANT_GPU === "1";
}

function adapterFlags(): string[] {
  if (!wantsRealGpu()) return ["--use-webgpu-adapter=swiftshader"];
  // Without a display, Chrome on Linux reaches the GPU only through Vulkan.
  if (process.platform !== "linux") return ["--enable-features=Vulkan"];
  return ["--enable-features=Vulkan", "--use-angle=vulkan", "--disable-vulkan-surface"];
}

/** The usual places and names of each platform; the first that can be executed. */
function installedBrowser(): string | undefined {
  const { env } = process;
  const candidates: string[] = [];
  if (process.platform === "darwin") {
    for (const base of ["/Applications", join(env.HOME ?? "", "Applications")]) {
      for (const name of ["Google Chrome", "Chromium", "Microsoft Edge"]) {
        candidates.push(join(base, `${name}.app/Contents/MacOS/${name}`));
      }
    }
  } else if (process.platform === "win32") {
    const bases = [env.PROGRAMFILES, env["PROGRAMFILES(X86)"], env.LOCALAPPDATA].filter((base) => base !== undefined);
    const names = ["Google/Chrome/Application/chrome.exe", "Chromium/Application/chrome.exe"];
    for (const name of [...names, "Microsoft/Edge/Application/msedge.exe"]) {
      candidates.push(...bases.map((base) => join(base, name)));
    }
  } else {
    const names = ["google-chrome-stable", "google-chrome", "chromium", "chromium-browser", "microsoft-edge-stable"];
    candidates.push(...onLinux([...names, "microsoft-edge", "chrome"]));
  }
  return candidates.find(isExecutable);
}

/** Where a program with one of these names would be. */
function onLinux(names: string[]): string[] {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/bin", "/opt/google/chrome", "/snap/bin"];
  return names.flatMap((name) => folders.filter((folder) => folder !== "").map((folder) => join(folder, name)));
}

/** The Firefox that FIREFOX_PATH names, or one in the usual places; undefined where there is none. */
export function findFirefox(): string | undefined {
  const { env, platform } = process;
  if (env.FIREFOX_PATH) return env.FIREFOX_PATH;
  const candidates = [
    ...(platform === "darwin" ? ["/Applications/Firefox.app/Contents/MacOS/firefox"] : []),
    ...(platform === "win32" ? [join(env.PROGRAMFILES ?? "C:/Program Files", "Mozilla Firefox/firefox.exe")] : []),
    ...(platform === "linux" ? onLinux(["firefox-esr", "firefox"]) : []),
  ];
  return candidates.find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Unpacks the Chromium of the npm package once for each version; 8 seconds and 206 MB in the temporary folder. */
function bundledBrowser(): BrowserPath {
  const entry = createRequire(import.meta.url).resolve(BUNDLE);
  const { version } = JSON.parse(readFileSync(join(entry, "../../../package.json"), "utf8")) as { version: string };
  // The user's id keeps another user of the machine from finding a folder that only its owner may execute.
  const folder = join(tmpdir(), `attendant-browser-${version}-${process.getuid?.() ?? 0}`);
  if (!existsSync(folder)) unpack(folder);
  return {
    path: join(folder, "chromium"),
    env: {
      LD_LIBRARY_PATH: [folder, join(folder, "al2023/lib"), process.env.LD_LIBRARY_PATH]
        .filter(Boolean)
        .join(delimiter),
      FONTCONFIG_PATH: join(folder, "fonts"),
    },
  };
}

/**
 * The package unpacks into the temporary folder of its process, and adds the NSS libraries only where it believes to
 * be on Amazon Linux. So a child process with both set does the work in a folder of its own, and a rename, which is
 * atomic, publishes it.
 */
function unpack(folder: string): void {
  mkdirSync(tmpdir(), { recursive: true });
  const staging = mkdtempSync(`${folder}-`);
  try {
    const script = `import chromium from "${BUNDLE}"; await chromium.executablePath();`;
    const child = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      cwd: import.meta.dirname,
      env: { ...process.env, TMPDIR: staging, AWS_EXECUTION_ENV: "AWS_Lambda_nodejs20.x" },
      encoding: "utf8",
    });
    if (child.status !== 0 || !existsSync(join(staging, "chromium"))) {
      throw new Error(`The browser in ${BUNDLE} could not be unpacked into ${staging}: ${child.stderr}`);
    }
    writeFileSync(join(staging, "fonts/fonts.conf"), fontConfig(folder));
    renameSync(staging, folder);
  } catch (error) {
    // Another process may have been first; its folder is as good as this one's.
    if (!existsSync(join(folder, "chromium"))) throw error;
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/**
 * The package's own fonts.conf looks for its fonts in /tmp/fonts and other places of Amazon's, and a renderer that
 * finds no font at all dies at the first text it lays out, which a bare Linux would never survive.
 */
function fontConfig(folder: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${join(folder, "fonts/fonts")}</dir>
  <cachedir>${join(folder, "fonts/cache")}</cachedir>
</fontconfig>
`;
}
