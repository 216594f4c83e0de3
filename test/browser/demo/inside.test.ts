/** Look inside, a view of the demo page: every block of the architecture with its tensors, steps, heads and the tour. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildDemo, byTestId, Visitor, type Demo } from "../../support/node/demo";

const BLOCKS = [
  ["source-tokens", /^Tokens of the source/],
  ["encoder-attention", /^Self-attention of the encoder/],
  ["encoder-feed-forward", /^Feed-forward of the encoder/],
  ["encoder-residual", /^Residual stream of the encoder/],
  ["target-tokens", /^Tokens of the output/],
  ["decoder-attention", /^Masked self-attention/],
  ["cross-attention", /^Cross-attention/],
  ["decoder-feed-forward", /^Feed-forward of the decoder/],
  ["decoder-residual", /^Residual stream of the decoder/],
  ["next", /^The next word/],
] as const;

describe("the demo page: Look inside", () => {
  let demo: Demo;
  let visitor: Visitor;

  const choose = async (block: string): Promise<void> => {
    await visitor.press(`block-${block}`);
    await visitor.page.waitForFunction(
      (selector, title) => document.querySelector(selector)?.textContent?.startsWith(title),
      {},
      `${byTestId("panel")} h2`,
      BLOCKS.find(([name]) => name === block)![1].source.slice(1),
    );
  };
  /** The numbers of the table behind a summary, row by row; NaN where a cell is masked. */
  const tableBehind = async (summary: string, table = 0): Promise<number[][]> => {
    const rows = await visitor.page.evaluate(
      (summary, table) => {
        const details = [...document.querySelectorAll<HTMLDetailsElement>("details.numbers")];
        const found = details.find((one) => one.textContent.includes(summary))!;
        found.open = true;
        found.dispatchEvent(new Event("toggle"));
        const menu = found.querySelector("select");
        if (menu) {
          menu.value = String(table);
          menu.dispatchEvent(new Event("change"));
        }
        return [...found.querySelectorAll("tbody tr")].map((row) =>
          [...row.querySelectorAll("td")].map((cell) => cell.textContent),
        );
      },
      summary,
      table,
    );
    return rows.map((row) => row.map((cell) => Number(cell.replace("−", "-"))));
  };
  const sum = (row: number[]): number => row.filter((x) => !Number.isNaN(x)).reduce((total, x) => total + x, 0);

  beforeAll(async () => {
    demo = await buildDemo();
    visitor = await Visitor.open(demo.url, "#inside?text=She+gave+me+a+red+book.");
    await visitor.see("panel");
    await visitor.page.waitForSelector(`${byTestId("panel")} h2`);
  });
  afterAll(async () => {
    await visitor.close();
    await demo.close();
  });

  it("works from a link of its own, and begins with what the decoder read of the source", async () => {
    expect(await visitor.text("panel")).toMatch(/^Cross-attention/);
    const rows = await tableBehind("The same numbers as a table, in percent");
    expect(rows).toHaveLength(9); // start, Elle, m', a, donné, un, livre, rouge, "."
    for (const row of rows) {
      expect(row).toHaveLength(8); // She, gave, me, a, red, book, ".", end
      expect(Math.abs(sum(row) - 100)).toBeLessThan(0.5);
    }
  });

  it.each(BLOCKS)("shows %s, accessibly in light and dark and on every screen", async (block, title) => {
    await choose(block);
    expect(await visitor.text("panel")).toMatch(title);
    await visitor.isAccessible(block, [320, 768, 1920]);
  });

  it("steps through the output, forwards and back", async () => {
    await choose("decoder-attention");
    expect(await visitor.text("step-label")).toBe("token 9 of 9: “end”");
    const rows = (): Promise<number> => visitor.page.$$eval(".row-name", (all) => all.length);
    const pressed = (name: string) =>
      visitor.page.$eval(`[aria-label="${name}"]`, (one) => (one as HTMLElement).click());
    expect(await rows()).toBe(9);
    await pressed("First token");
    await visitor.page.waitForFunction(() => document.querySelectorAll(".row-name").length === 1);
    expect(await visitor.text("step-label")).toBe("token 1 of 9: “Elle”");
    await pressed("Next token");
    await visitor.page.waitForFunction(() => document.querySelectorAll(".row-name").length === 2);
    await pressed("Token before");
    await pressed("Last token");
    await visitor.page.waitForFunction(() => document.querySelectorAll(".row-name").length === 9);
  });

  it("shows Q, K, V, scores, mask and softmax of a head, and they agree", async () => {
    await choose("decoder-attention");
    await visitor.press("head-2");
    await visitor.see("stages");
    await visitor.isAccessible("a head", [320]);
    const all = "All of these numbers as tables";
    const [scores, masked, weights, result, query, key, value] = [0, 1, 2, 3, 4, 5, 6].map(
      (table) => () => tableBehind(all, table),
    );
    const [s, m, w] = [await scores(), await masked(), await weights()];
    const [q, k] = [await query(), await key()];
    expect(q).toHaveLength(9);
    expect(q[0]).toHaveLength(64);
    expect((await value())[0]).toHaveLength(64);
    expect((await result())[0]).toHaveLength(64);
    s.forEach((row, t) => {
      const exps = row.slice(0, t + 1).map(Math.exp);
      row.forEach((score, at) => {
        const product = q[t].reduce((total, x, i) => total + x * k[at][i], 0) / 8;
        expect(Math.abs(score - product)).toBeLessThan(0.02);
        expect(Number.isNaN(m[t][at])).toBe(at > t);
        expect(Number.isNaN(w[t][at])).toBe(at > t);
        if (at <= t) expect(Math.abs(w[t][at] - exps[at] / sum(exps))).toBeLessThan(0.005);
      });
    });
  });

  it("moves through a map with the arrow keys and says each number", async () => {
    await choose("cross-attention");
    await visitor.page.focus(`${byTestId("heatmap")} [tabindex="0"]`);
    await visitor.page.keyboard.press("ArrowRight");
    const first = await visitor.text("readout");
    expect(first).toMatch(/^“start” looked at “gave”: [<\d.]+.%$/);
    await visitor.page.keyboard.press("ArrowDown");
    expect(await visitor.text("readout")).toMatch(/^“Elle” looked at “gave”: [<\d.]+.%$/);
    expect(await visitor.page.evaluate(() => document.activeElement?.getAttribute("role"))).toBe("gridcell");
  });

  it("shows the top tokens after every decoder layer, and probabilities that fall", async () => {
    await visitor.page.$eval('[aria-label="First token"]', (one) => (one as HTMLElement).click());
    await choose("next");
    const lists = await visitor.page.$$eval(`${byTestId("panel")} .bars`, (all) =>
      all.map((list) =>
        [...list.querySelectorAll(".bar")].map((bar) => [
          bar.querySelector(".bar-name")!.textContent,
          bar.querySelector(".number")!.textContent,
        ]),
      ),
    );
    expect(lists.map((list) => list.length)).toEqual([10, 5, 5, 5]);
    expect(lists[0][0][0]).toBe("Elle");
    expect(lists[3]).toEqual(lists[0].slice(0, 5));
    for (const list of lists) {
      const shares = list.map(([, text]) => Number(text.replace("<", "").split("\u202f")[0]));
      expect(shares).toEqual([...shares].sort((a, b) => b - a));
    }
  });

  it("has a tour of eight steps that needs the keyboard alone", async () => {
    await visitor.page.focus(byTestId("tour-start"));
    await visitor.page.keyboard.press("Enter");
    const titles: string[] = [];
    for (let step = 1; step <= 8; step++) {
      await visitor.page.waitForFunction(
        (selector, step) => document.querySelector(selector)?.textContent?.includes(`Step ${step} of 8`),
        {},
        byTestId("tour"),
        step,
      );
      titles.push(await visitor.page.$eval(`${byTestId("tour")} h2`, (title) => title.textContent));
      expect(await visitor.page.$$(`.block[aria-pressed="true"]`)).toHaveLength(1);
      if (step === 1) await visitor.isAccessible("the tour", [320]);
      await visitor.page.keyboard.press("Enter");
    }
    expect(new Set(titles).size).toBe(8);
    expect(await visitor.page.$eval(byTestId("tour"), (tour) => (tour as HTMLElement).hidden)).toBe(true);
    expect(await visitor.page.evaluate(() => document.activeElement?.getAttribute("data-testid"))).toBe("tour-start");
  });

  it("looks into what was translated before", async () => {
    await visitor.goTo("translate");
    await visitor.type("Where is the station?");
    await visitor.press("translate");
    await visitor.stateIs("idle");
    await visitor.goTo("inside");
    await visitor.page.waitForFunction(
      () => document.querySelectorAll('.row-name, [data-testid="panel"] h2').length > 0,
    );
    expect(await visitor.page.$eval(byTestId("inside-source"), (box) => (box as HTMLInputElement).value)).toBe(
      "Where is the station?",
    );
  });
});
