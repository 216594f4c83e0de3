/** What holds for all views of the demo page: a quiet console, models of every origin, the keyboard, forced colours, reduced motion. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { buildDemo, byTestId, Visitor, type Demo } from "../../support/node/demo";
import { hostileModel } from "../../support/shared/hostile-texts";

const VIEWS = ["translate", "inside", "speak", "doctor"] as const;

describe("the demo page", () => {
  let demo: Demo;
  let visitor: Visitor;
  /** Whatever the page logs, of any kind. */
  const logged: string[] = [];

  /** By the address alone, as a link would. */
  const open = async (view: string): Promise<void> => {
    await visitor.page.evaluate((view) => (location.hash = view), view);
    await visitor.page.waitForFunction((view) => document.documentElement.dataset.view === view, {}, view);
  };
  const focused = (): Promise<string> =>
    visitor.page.evaluate(() => {
      const { id, dataset, className, textContent } = document.activeElement as HTMLElement;
      return dataset.testid ?? (id || className || textContent.trim());
    });
  const emulate = async (features: Record<string, string>): Promise<void> => {
    const session = await visitor.page.createCDPSession();
    const list = Object.entries(features).map(([name, value]) => ({ name, value }));
    await session.send("Emulation.setEmulatedMedia", { features: list });
  };

  beforeAll(async () => {
    demo = await buildDemo();
    visitor = await Visitor.open(demo.url);
    visitor.page.on("console", (message) => logged.push(message.text()));
    visitor.page.on("pageerror", (error) => logged.push(String(error)));
    visitor.page.on("requestfailed", (request) => {
      // A page that aborts its own request does not fail.
      if (request.failure()?.errorText !== "net::ERR_ABORTED") logged.push(request.url());
    });
    await visitor.page.goto(`${demo.url}${demo.mirrored}`);
    await visitor.modelIs("ready");
  });
  afterAll(async () => {
    await visitor.close();
    await demo.close();
  });

  it("logs nothing and asks for nothing in vain, in every view", async () => {
    await visitor.press("translate");
    await visitor.stateIs("idle");
    await visitor.press("choose-model");
    await visitor.page.keyboard.press("Escape");
    await open("inside");
    await visitor.page.waitForSelector(`${byTestId("panel")} h2`);
    await open("speak");
    await visitor.press("speak-choose");
    await visitor.page.keyboard.press("Escape");
    await open("doctor");
    await visitor.page.waitForSelector(".doctor tbody tr");
    await open("translate");
    expect(logged).toEqual([]);
    expect(demo.asked.filter(({ status }) => status !== 200)).toEqual([]);
    // What was looked at was really fetched: the model, and the script of each view.
    const paths = [...new Set(demo.asked.map(({ path }) => path))];
    expect(paths.some((path) => path.endsWith("/model.safetensors"))).toBe(true);
    expect(paths.filter((path) => /\/view-[^/]*\.js$/.test(path))).toHaveLength(VIEWS.length);
  });

  it("takes a model by its name on the Hub, after it has said size and licence", async () => {
    demo.addRepository("someone/tiny", { ...hostileModel(), "big.bin": new Uint8Array(9) }, "apache-2.0");
    await visitor.press("choose-model");
    await visitor.type("someone/tiny", "model-name");
    await visitor.press("look-up");
    await visitor.see("use-model");
    const facts = await visitor.text("model-facts");
    expect(facts).toMatch(/To download\s+0\.\d.MB\s+Licence\s+apache-2\.0\s+Runs\s+in WebAssembly/);
    expect(await visitor.text("use-model")).toMatch(/^Download 0\.\d.MB and use$/);
    await visitor.press("use-model");
    await visitor.page.waitForFunction(() =>
      document.getElementById("choose-model")!.textContent.startsWith("someone/tiny"),
    );
    await visitor.modelIs("ready");
    await visitor.press("translate");
    await visitor.stateIs("idle");
    expect(new URL(visitor.page.url()).hash).toContain("model=someone%2Ftiny");
    expect(demo.asked.filter(({ status }) => status !== 200)).toEqual([]);
    expect(
      demo.asked.some(({ path }) =>
        path.endsWith("/resolve/0123456789abcdef0123456789abcdef01234567/model.safetensors"),
      ),
    ).toBe(true);
  });

  it("takes a folder that is dropped, with the licence of its card, and fetches nothing", async () => {
    const folder = mkdtempSync(join(tmpdir(), "dropped-"));
    const card = "---\nlanguage: en\nlicense: cc0-1.0\n---\n# A model\n";
    for (const [file, content] of Object.entries({ ...hostileModel(), "README.md": card }))
      writeFileSync(join(folder, file), content);
    const before = demo.asked.length;
    await visitor.press("choose-model");
    const { x, y } = await visitor.page.$eval(".drop", (box) => {
      box.scrollIntoView();
      const { left, top } = box.getBoundingClientRect();
      return { x: left + 20, y: top + 20 };
    });
    const session = await visitor.page.createCDPSession();
    const data = { items: [], files: [folder], dragOperationsMask: 1 };
    for (const type of ["dragEnter", "dragOver", "drop"] as const)
      await session.send("Input.dispatchDragEvent", { type, x, y, data });
    await visitor.see("use-model");
    expect(await visitor.text("model-facts")).toMatch(/To download\s+nothing: on your disk\s+Licence\s+cc0-1\.0/);
    await visitor.press("use-model");
    await visitor.page.waitForFunction(
      (name) => document.getElementById("choose-model")!.textContent.startsWith(name),
      {},
      basename(folder),
    );
    await visitor.modelIs("ready");
    await visitor.press("translate");
    await visitor.stateIs("idle");
    expect((await visitor.text("output")).length).toBeGreaterThan(0);
    expect(demo.asked.slice(before).filter(({ path }) => !/\.(js|svg)$/.test(path))).toEqual([]);
    rmSync(folder, { recursive: true });
    await visitor.press("choose-model");
    await visitor.press("use-own");
    await visitor.page.waitForFunction(() => document.getElementById("choose-model")!.textContent.startsWith("en-fr"));
    await visitor.modelIs("ready");
  });

  it("goes from view to view and from a word to another one by the keyboard alone", async () => {
    const { keyboard } = visitor.page;
    await visitor.page.focus("#tab-translate");
    for (const view of ["inside", "speak", "doctor", "translate"]) {
      await keyboard.press("ArrowRight");
      await visitor.page.waitForFunction((view) => document.documentElement.dataset.view === view, {}, view);
      expect(await focused()).toBe(`tab-${view}`);
    }
    const order: string[] = [];
    for (let i = 0; i < 5; i++) {
      await keyboard.press("Tab");
      order.push(await focused());
    }
    expect(order).toEqual(["choose-model", "device-wasm", "source", "output", "translate"]);
    await visitor.page.focus(byTestId("source"));
    await visitor.type("");
    await keyboard.type("She gave me a red book.");
    await keyboard.press("Enter");
    await visitor.stateIs("idle");
    for (let i = 0; i < 4; i++) await keyboard.press("Tab");
    expect(await focused()).toMatch(/^word/);
    await keyboard.press("Enter");
    await visitor.see("choice");
    expect(await focused()).toBe("choice");
    await keyboard.press("Escape");
    expect(await focused()).toMatch(/^word/);
    await keyboard.press("Enter");
    await visitor.see("choice");
    await keyboard.press("Tab");
    await keyboard.press("Enter");
    // It is idle before it begins, too.
    await vi.waitFor(async () => expect(await visitor.text("output")).toMatch(/^Elle m'a (?!donné)\S+/), 30_000);
    await visitor.stateIs("idle");
  });

  it("shows where the focus is, with the colours of the page and with those of the system", async () => {
    for (const colours of ["none", "active"]) {
      await emulate({ "forced-colors": colours });
      for (const view of VIEWS) {
        await open(view);
        await visitor.page.focus(`#tab-${view}`);
        // There and back by the keyboard: a ring is for those who use it.
        await visitor.page.keyboard.press("Tab");
        await visitor.page.keyboard.down("Shift");
        await visitor.page.keyboard.press("Tab");
        await visitor.page.keyboard.up("Shift");
        const seen = new Set<string>();
        for (let i = 0; i < 24; i++) {
          const look = () =>
            visitor.page.evaluate(() => {
              const { activeElement: element } = document as unknown as { activeElement: HTMLElement };
              // A radio button lies invisible over the text that stands for it.
              const shown = element.matches('[type="radio"]') ? element.nextElementSibling! : element;
              const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(shown);
              const { backgroundColor } = getComputedStyle(document.documentElement);
              const visible =
                outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 && outlineColor !== backgroundColor;
              return { name: element.outerHTML.slice(0, 120), ring: visible };
            });
          const { name } = await look();
          if (name.startsWith("<body") || seen.has(name)) break;
          seen.add(name);
          // Colours that are forced arrive with the next frame.
          const isRinged = async () =>
            expect((await look()).ring, `${view}, forced colours ${colours}: ${name}`).toBe(true);
          await vi.waitFor(isRinged, 30_000);
          await visitor.page.keyboard.press("Tab");
        }
        expect(seen.size, view).toBeGreaterThan(4);
      }
    }
  });

  it("keeps the colours of a heat map and its numbers readable where colours are forced", async () => {
    await emulate({ "forced-colors": "active" });
    await open("inside");
    await visitor.press("block-cross-attention");
    await visitor.page.waitForSelector(".cell");
    const look = (cells: Element[]) => {
      const light = (color: string): number => {
        const [r, g, b] = color.match(/[\d.]+/g)!.map((part) => {
          const share = Number(part) / 255;
          return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const contrasts = cells.map((cell) => {
        const { color, backgroundColor } = getComputedStyle(cell);
        const [low, high] = [light(color), light(backgroundColor)].sort((a, b) => a - b);
        return (high + 0.05) / (low + 0.05);
      });
      const fills = new Set(cells.map((cell) => getComputedStyle(cell).backgroundColor)).size;
      return { fills, worst: Math.min(...contrasts) };
    };
    await vi.waitFor(async () => {
      const { fills, worst } = await visitor.page.$$eval(".cell", look);
      expect(fills).toBeGreaterThan(10);
      expect(worst).toBeGreaterThan(4.5);
    }, 30_000);
    await emulate({ "forced-colors": "none" });
  });

  it("moves nothing where less motion is wanted", async () => {
    await open("translate");
    const motion = (): Promise<string[]> =>
      visitor.page.evaluate(() => {
        const root = document.documentElement;
        const [view, phase] = [document.querySelector(".translate")!, root.dataset.model!];
        // As while a model is loading and a text is translated.
        view.classList.add("working");
        root.dataset.model = "loading";
        document.querySelector("progress")!.removeAttribute("value");
        const running = document.getAnimations().map((one) => (one as CSSAnimation).animationName);
        const moving = [...document.querySelectorAll("*")].filter(
          (one) => getComputedStyle(one).transitionDuration !== "0s",
        );
        view.classList.remove("working");
        root.dataset.model = phase;
        return [...running, ...moving.map(({ outerHTML }) => outerHTML)];
      });
    await emulate({ "prefers-reduced-motion": "no-preference" });
    expect((await motion()).sort()).toEqual(["blink", "slide"]);
    await emulate({ "prefers-reduced-motion": "reduce" });
    expect(await motion()).toEqual([]);
    expect(logged).toEqual([]);
  });
});
