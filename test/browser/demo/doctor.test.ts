/** Doctor, a view of the demo page: what there is, and whether every device computes what the reference does. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildDemo, byTestId, Visitor, type Demo } from "../../support/node/demo";

describe("the demo page: Doctor", () => {
  let demo: Demo;
  let visitor: Visitor;

  beforeAll(async () => {
    demo = await buildDemo();
    visitor = await Visitor.open(demo.url, "#doctor");
    await visitor.see("check");
    await visitor.modelIs("ready");
  });
  afterAll(async () => {
    await visitor.close();
    await demo.close();
  });

  it("says what the browser has and what each of it means", async () => {
    const rows = await visitor.page.$$eval(".doctor table tbody tr", (all) =>
      all.map((row) => [...row.children].map((cell) => cell.textContent)),
    );
    expect(rows.map(([what]) => what)).toEqual(
      expect.arrayContaining(["WebGPU", "GPU: shader-f16", "WebAssembly: SIMD", "Threads", "Storage"]),
    );
    for (const [, value, meaning] of rows) {
      expect(value).not.toBe("");
      expect(meaning.length).toBeGreaterThan(10);
    }
    await visitor.isAccessible("before the check", [320, 1920]);
  });

  it("checks every device against the reference, tensor by tensor, and reports it", async () => {
    await visitor.press("check");
    await visitor.stateIs("working");
    await visitor.stateIs("idle", 120_000);
    expect(await visitor.text("doctor-status")).toBe("All is well: WebAssembly and GPU agree with the reference.");
    await visitor.page.$eval(`${byTestId("doctor-results")} details`, (details) => {
      details.open = true;
    });
    await visitor.page.waitForSelector(`${byTestId("doctor-results")} details tbody tr`);
    const rows = await visitor.page.$$eval(`${byTestId("doctor-results")} details tbody tr`, (all) =>
      all.map((row) => [...row.querySelectorAll("td")].map((cell) => Number(cell.textContent))),
    );
    // Encoder: embedding and 6 layers of 6 tensors; decoder: embedding and 3 of 8; logits.
    expect(rows).toHaveLength(1 + 6 * 6 + 1 + 3 * 8 + 1);
    for (const row of rows) {
      expect(row).toHaveLength(4); // difference and share of the tolerance, of two devices
      expect(row[1]).toBeLessThan(0.5);
      expect(row[3]).toBeLessThan(0.5);
    }
    // They are other kernels, not the reference once more.
    expect(Math.max(...rows.map(([difference]) => difference))).toBeGreaterThan(0);
    expect(Math.max(...rows.map(([, , difference]) => difference))).toBeGreaterThan(0);
    expect(await visitor.text("kernels")).toMatch(/matvec\s+\w+\s+matmul/);
    const report = await visitor.page.$eval(byTestId("report"), (element) => element.textContent);
    for (const part of ["[cpu]", "[wasm]", "[webgpu]", "tokens as the reference", "kernels: {", "tokens/s"]) {
      expect(report).toContain(part);
    }
    expect(report).not.toContain("DIFFER");
    await visitor.isAccessible("after the check", [320, 768, 1920]);
  });

  it("says what each operation takes on every device, and how fast the memory is", async () => {
    const rowsOf = (selector: string): Promise<string[][]> =>
      visitor.page.$$eval(`${selector} tbody tr`, (all) =>
        all.map((row) => [...row.children].map((cell) => cell.textContent.replaceAll("\u202f", " "))),
      );
    for (const [plan, names] of [
      ["step", ["linear", "projectQueryKeyValue", "attention", "selectGreedy", "embed", "whole"]],
      ["encode", ["linear", "projectQueryKeyValue", "attention", "layerNorm", "embed", "whole"]],
    ] as const) {
      const rows = await rowsOf(byTestId(`times-${plan}`));
      expect(rows.map(([name]) => name).sort()).toEqual([...names].sort());
      for (const [name, ...cells] of rows) {
        for (const cell of cells.slice(0, 3)) expect(cell).toMatch(/^<?\d+\.\d+ ms$/);
        expect(cells[3]).toMatch(name === "whole" ? /^$/ : /^\w+ \d+ × <?\d+\.\d+ ms/);
      }
      // The reference is plain loops; WebAssembly has SIMD kernels.
      const [cpu, wasm] = rows
        .find(([name]) => name === "linear")!
        .slice(1)
        .map(parseFloat);
      expect(cpu).toBeGreaterThan(wasm);
    }
    const stamps = await visitor.page.$$eval(
      ".doctor tbody tr",
      (all) => all.find((row) => row.textContent.startsWith("GPU: timestamp-query"))!.children[1].textContent,
    );
    const memory = await rowsOf(byTestId("bandwidth"));
    expect(memory.map(([device]) => device)).toEqual(["CPU reference", "WebAssembly", "GPU"]);
    for (const [, copy, product] of memory)
      for (const speed of [copy, product]) expect(Number(/^([\d.]+) GB\/s$/.exec(speed)?.[1])).toBeGreaterThan(0.01);
    expect(memory[2][4]).toMatch(stamps === "yes" ? /^timestamps of the GPU$/ : /no timestamp queries/);
    const report = await visitor.page.$eval(byTestId("report"), (element) => element.textContent);
    expect(report.match(/^memory \(.*GB\/s.*GB\/s$/gm)).toHaveLength(3);
    expect(report).toMatch(/step [\d.]+ ms: \w+ \d+ x [\d.]+ ms, /);
  });

  it("lists the models that the browser keeps, and removes them", async () => {
    await visitor.page.waitForSelector(".stored button");
    const kept = await visitor.page.$$eval(".stored button", (all) => all.length);
    expect(kept).toBeGreaterThan(0);
    // Shown again, the list is read again; what has not changed keeps its elements, and with them the keyboard's focus.
    const remove = (await visitor.page.$(".stored button"))!;
    for (const view of ["translate", "doctor"]) {
      await visitor.page.evaluate((view) => (location.hash = view), view);
      await visitor.page.waitForFunction((view) => document.documentElement.dataset.view === view, {}, view);
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await remove.evaluate((button) => button.isConnected)).toBe(true);
    await remove.focus();
    await visitor.page.keyboard.press("Enter");
    await visitor.page.waitForFunction((kept) => document.querySelectorAll(".stored button").length < kept, {}, kept);
  });
});
