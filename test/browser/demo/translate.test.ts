/** Translate, the first view of the demo page: every device, every search, words and what else they could have been. */

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { wantsRealGpu } from "../../support/node/browser";
import { buildDemo, byTestId, Visitor, type Demo } from "../../support/node/demo";
import { takeProblems } from "../../support/node/pages";
import { HOSTILE_TEXTS, hostileModel } from "../../support/shared/hostile-texts";

interface Case {
  text: string;
  translation: string;
}

const cases = (JSON.parse(readFileSync("test/goldens/en_fr.json", "utf8")) as { cases: Case[] }).cases;
const [sentence] = cases.filter(({ text }) => text.length > 20 && text.length < 40);

describe("the demo page: Translate", () => {
  let demo: Demo;
  let visitor: Visitor;
  const DEVICES = ["webgpu", "wasm", "cpu"] as const;
  const chosen = (from = visitor): Promise<string[]> =>
    from.page.$$eval('input[name="device"]:checked', (radios) => radios.map((radio) => radio.value));
  const translate = async (text: string): Promise<string> => {
    await visitor.type(text);
    await visitor.press("translate");
    await visitor.stateIs("idle");
    return visitor.text("output");
  };
  const words = (): Promise<string[]> =>
    visitor.page.$$eval(".word", (all) => all.map((word) => (word as HTMLElement).innerText));

  beforeAll(async () => {
    demo = await buildDemo();
    visitor = await Visitor.open(demo.url);
    await visitor.modelIs("ready");
  });
  afterAll(async () => {
    await visitor.close();
    await demo.close();
  });

  it("begins where the engine would, and offers what it says it has", async () => {
    // A software adapter is there and is only taken when asked for.
    expect(await chosen()).toEqual([wantsRealGpu() ? "webgpu" : "wasm"]);
    for (const device of DEVICES) {
      const disabled = await visitor.page.$eval(byTestId(`device-${device}`), (radio) => radio.matches(":disabled"));
      expect(disabled).toBe(false);
    }
  });

  it.each([
    ["cpu", /CPU reference/],
    ["wasm", /WebAssembly/],
    ["webgpu", /GPU/],
  ] as const)("translates what is typed as PyTorch does, on %s, and names it", async (device, name) => {
    if (!(await chosen()).includes(device)) {
      await visitor.press(`device-${device}`);
      await visitor.modelIs("loading");
      await visitor.modelIs("ready", "failed");
      expect(await chosen()).toEqual([device]);
    }
    expect(await visitor.text("status")).toMatch(name);
    expect(await translate(sentence.text)).toBe(sentence.translation);
    expect(await visitor.text("tokens-per-second")).toMatch(/^\d+(\.\d)? tokens\/s$/);
    for (const id of ["encode", "first-token", "per-token"]) expect(await visitor.text(id), id).toMatch(/^[\d.]+.ms/);
    expect(await visitor.text("ran-on")).toMatch(name);
  });

  it("translates with the Enter key, token by token, and says the result once", async () => {
    await visitor.press("device-wasm");
    await visitor.modelIs("loading");
    await visitor.modelIs("ready");
    await visitor.type(
      "I have lost my keys, my friend has lost his book, and we are late. Where is the station? ".repeat(2),
    );
    await visitor.page.evaluate(
      (output, spoken) => {
        const seen = ((window as unknown as { seen: object }).seen = { shown: [] as string[], said: [] as string[] });
        for (const [list, selector] of [
          [seen.shown, output],
          [seen.said, spoken],
        ] as const) {
          const element = document.querySelector<HTMLElement>(selector)!;
          new MutationObserver(() => list.push(element.innerText)).observe(element, { childList: true, subtree: true });
        }
      },
      ...([byTestId("output"), byTestId("spoken")] as const),
    );
    await visitor.page.focus(byTestId("source"));
    await visitor.page.keyboard.press("Enter");
    await visitor.stateIs("working");
    await visitor.stateIs("idle");
    const { shown, said } = await visitor.page.evaluate(
      () => (window as unknown as { seen: { shown: string[]; said: string[] } }).seen,
    );
    const texts = [...new Set(shown.filter(Boolean))];
    expect(texts.length).toBeGreaterThan(2);
    for (const [i, text] of texts.entries()) expect(texts[i + 1] ?? text).toContain(text.trim());
    expect(said).toEqual([texts.at(-1)]);
  });

  it("shows what else a word could have been, and goes on from what is chosen", async () => {
    const before = await translate("She gave me a red book.");
    expect(before).toBe("Elle m'a donné un livre rouge.");
    await visitor.page.$$eval(".word", (all) => (all[2] as HTMLElement).click());
    await visitor.see("choice");
    const choices = await visitor.page.$$eval(byTestId("choice"), (all) => all.map((one) => one.textContent));
    expect(choices).toHaveLength(8);
    expect(choices[0]).toMatch(/^donné\d+/);
    await visitor.page.$$eval(byTestId("choice"), (all) => (all[1] as HTMLElement).click());
    await visitor.stateIs("idle");
    const after = await visitor.text("output");
    expect(after).not.toBe(before);
    expect(after).toMatch(/^Elle m'a \S+ /);
    expect((await words()).slice(0, 2)).toEqual(["Elle", "m'a"]);
  });

  it("underlines words that the model gave less than half", async () => {
    await translate("The zebrawood gizmo flummoxed Quillfeather.");
    const marked = await visitor.page.$$eval(".word.uncertain", (all) => all.map((word) => word.getAttribute("title")));
    expect(marked.length).toBeGreaterThan(0);
    for (const title of marked) expect(Number(/probability ([\d.]+)/.exec(title!)?.[1])).toBeLessThan(50);
  });

  it("lists the best of a beam search with their scores, and shows the one that is pressed", async () => {
    await visitor.press("search-beams");
    const seen = visitor.page.evaluate(
      (output) =>
        new Promise<string>((resolve) => {
          const element = document.querySelector<HTMLElement>(output)!;
          new MutationObserver((_, observer) => {
            if (element.innerText.trim() === "") return;
            observer.disconnect();
            resolve(element.innerText);
          }).observe(element, { childList: true, subtree: true });
        }),
      byTestId("output"),
    );
    const best = await translate("She gave me a red book.");
    // What all beams agreed on was there before the end.
    expect(best.startsWith((await seen).trim())).toBe(true);
    expect((await seen).length).toBeLessThan(best.length);
    const list = await visitor.page.$$eval(".candidate", (all) =>
      all.map((one) => [...one.children].map((part) => part.textContent ?? "")),
    );
    expect(list).toHaveLength(3);
    expect(list[0][0]).toBe(best);
    const scores = list.map(([, score]) => Number(score.replace("−", "-")));
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    await visitor.page.$$eval(".candidate", (all) => (all[1] as HTMLElement).click());
    expect(await visitor.text("output")).toBe(list[1][0]);
  });

  it("samples the same from the same seed, and its link leads to the same", async () => {
    await visitor.press("search-sample");
    await visitor.type("278", "seed");
    const first = await translate("Where is the station?");
    expect(await translate("Where is the station?")).toBe(first);
    const other = await Visitor.open(visitor.page.url());
    await other.modelIs("ready");
    await other.press("translate");
    await other.stateIs("idle");
    expect(await other.text("output")).toBe(first);
    await other.close();
    await visitor.press("search-greedy");
  });

  it("says what to do with an empty box, and that a text is too long", async () => {
    await visitor.type(" ");
    await visitor.press("translate");
    expect(await visitor.text("note")).toBe("Type a sentence first.");
    await translate("word ".repeat(300));
    await visitor.page.waitForFunction(() => document.querySelector(".translate .error:not([hidden])"));
    expect(await visitor.page.$eval(".translate .error", (panel) => panel.textContent)).toMatch(
      /tokens; this model takes at most 256/,
    );
  });

  it("stops with Escape", async () => {
    await visitor.type("I would like to book a table for two people near the window, please, and some water.");
    await visitor.page.focus(byTestId("source"));
    await visitor.page.evaluate(() => {
      const output = document.querySelector('[data-testid="output"]')!;
      new MutationObserver((_, observer) => {
        observer.disconnect();
        document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
      }).observe(output, { childList: true });
    });
    await visitor.page.keyboard.press("Enter");
    // The work may be over before anyone has seen that it began.
    await visitor.page.waitForFunction(
      (note) => document.querySelector(note)!.textContent === "Stopped.",
      {},
      byTestId("note"),
    );
    await visitor.stateIs("idle");
  });

  it("says size and licence of another model before it is fetched, and takes it", async () => {
    const address = demo.addModel("copy", "demo/public/models/en-fr");
    await visitor.press("choose-model");
    await visitor.isAccessible("the dialog of models", [320, 1280]);
    await visitor.type(address, "model-name");
    await visitor.press("look-up");
    await visitor.see("use-model");
    expect(await visitor.text("model-facts")).toMatch(/To download\s+(1[5-9]|20)\.\d.MB\s+Licence\s+not stated/);
    await visitor.press("use-model");
    await visitor.page.waitForFunction(() => /^copy/.test(document.getElementById("choose-model")!.textContent));
    await visitor.modelIs("ready");
    await visitor.press("choose-model");
    await visitor.press("use-own");
    await visitor.modelIs("loading");
    await visitor.modelIs("ready");
  });

  it("shows hostile texts and vocabularies as they are, never as markup", async () => {
    const address = demo.addModel("hostile", hostileModel());
    const other = await Visitor.open(demo.url, `#translate?model=${encodeURIComponent(address)}`);
    const made = (): Promise<[string, number][]> =>
      other.page.evaluate(() => {
        const names =
          "img, iframe, object, embed, video, audio, base, form form, math, template, marquee, style, body script";
        const hooks = [...document.querySelectorAll("*")].filter((one) =>
          [...one.attributes].some(({ name }) => name.startsWith("on")),
        );
        return [
          ["elements", document.querySelectorAll(names).length],
          ["handlers", hooks.length],
          ["hacked", "hacked" in window ? 1 : 0],
        ] as [string, number][];
      });
    await other.press("use-model");
    await other.page.waitForFunction(() => /^hostile/.test(document.getElementById("choose-model")!.textContent));
    await other.modelIs("ready");
    const unharmed = [
      ["elements", 0],
      ["handlers", 0],
      ["hacked", 0],
    ];
    expect(HOSTILE_TEXTS.length).toBeGreaterThanOrEqual(40);
    let shown = 0;
    for (const text of HOSTILE_TEXTS) {
      await other.type(text);
      await other.press("translate");
      await other.stateIs("idle");
      shown += (await other.text("output")).length;
      expect(await made(), text).toEqual(unharmed);
    }
    expect(shown).toBeGreaterThan(1000);
    await other.page.$eval(".word", (word) => (word as HTMLElement).click());
    await other.see("choice");
    expect(await made()).toEqual(unharmed);
    await other.goTo("inside");
    for (const block of ["source-tokens", "cross-attention", "next"]) {
      await other.press(`block-${block}`);
      await other.see("panel");
      expect(await made()).toEqual(unharmed);
    }
    await other.goTo("doctor");
    await other.page.waitForSelector(".doctor tbody tr");
    expect(await made()).toEqual(unharmed);
    await other.press("choose-model");
    for (const text of HOSTILE_TEXTS) {
      await other.type(text, "model-name");
      await other.press("look-up");
      expect(await made(), text).toEqual(unharmed);
    }
    expect(await other.text("model-facts")).toMatch(/^Type "owner\/name"/);
    await other.close();
  });

  it("is accessible in light and dark, and fits every screen", async () => {
    await translate("She gave me a red book.");
    await visitor.page.$$eval(".word", (all) => (all[2] as HTMLElement).click());
    await visitor.see("choice");
    await visitor.isAccessible("with alternatives", [320, 360, 768, 1280, 1920]);
  });

  it("says why WebAssembly is refused where the host's policy forbids it, and runs on what is left", async () => {
    const strict = await demo.strict();
    const other = await Visitor.open(strict.url);
    try {
      await other.modelIs("ready");
      expect(await chosen(other)).toEqual([wantsRealGpu() ? "webgpu" : "cpu"]);
      const [disabled, why] = await other.page.$eval(byTestId("device-wasm"), (radio) => [
        (radio as HTMLInputElement).disabled,
        radio.parentElement?.title,
      ]);
      expect(disabled).toBe(true);
      expect(why).toMatch(/^WebAssembly is here but refused: /);
      expect(await other.page.$eval("#notice", (notice) => (notice as HTMLElement).innerText)).toContain(why);
    } finally {
      // The browser logs each try to compile.
      takeProblems(other.page);
      await other.close();
      await strict.close();
    }
  });
});
