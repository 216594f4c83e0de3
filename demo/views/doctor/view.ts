/** Doctor: what this browser has, and whether each of its devices computes what the CPU reference computes, and how fast. */

import type { Page, View } from "../../shell/page";
import { announce } from "../../ui/announce";
import { button, clear, h } from "../../ui/dom";
import { DEVICE_NAMES, type Device } from "../../ui/format";
import { copyFrom } from "../../ui/save";
import { table } from "../../ui/table";
import { Task } from "../../ui/task";
import { compare, measure, type DeviceReport } from "./check";
import { reportText } from "./report";
import { resultsOf } from "./results";
import { storedModels } from "./stored";
import { findingsOf, type Finding } from "./support-table";

const TEXT = "She gave me a red book.";

export function createDoctor({ host, support }: Page): View {
  const task = new Task();
  let findings: Finding[] = [];
  let reports: DeviceReport[] = [];

  const has = h("div", { class: "table-scroll", tabindex: 0, role: "region", "aria-label": "What this browser has" });
  const status = h("p", { class: "soft", "data-testid": "doctor-status" });
  const results = h("div", { class: "panel-body", "data-testid": "doctor-results" });
  const check = button("Check this device", () => void task.start(run), { class: "primary", "data-testid": "check" });
  const stop = button("Stop", () => task.stop(), { class: "quiet", hidden: true });
  const copy = button("Copy the report", () => void copyFrom(copy, text()), {
    class: "quiet",
    "data-testid": "copy-report",
  });
  const report = h("pre", {
    class: "report",
    tabindex: 0,
    "aria-label": "The report as text",
    "data-testid": "report",
  });
  const stored = storedModels();
  const element = h(
    "div",
    { class: "doctor" },
    h("h2", {}, "What this browser has"),
    has,
    h("h2", {}, "Does it compute what it should?"),
    h(
      "p",
      { class: "intro" },
      "One sentence goes through the chosen model on every device. All tensors on the way are compared with the CPU reference, plain loops with sums in 64 bits. Then its operations and its memory are timed.",
    ),
    h("div", { class: "buttons" }, check, stop),
    status,
    results,
    h("h2", {}, "The report"),
    h("p", { class: "intro" }, "For a bug report. It has nothing of your texts."),
    h("div", { class: "buttons" }, copy),
    report,
    stored.element,
  );

  const text = (): string => reportText(host.state.choice.name, findings, reports, host.warnings);
  const showReport = (): void => void (report.textContent = text());

  void support.then((found) => {
    findings = findingsOf(found);
    const rows = findings.map(({ what, value, meaning, missing }) => [
      what,
      h("span", { class: missing ? "warn" : "" }, value),
      meaning,
    ]);
    clear(has).append(table("What this browser has", ["value", "what it means for you"], rows, "feature"));
    has.querySelector("table")!.classList.add("wide-text");
    showReport();
  });

  async function run(signal: AbortSignal): Promise<void> {
    const { choice, dtype } = host.state;
    const { webgpu, wasm } = await support;
    const devices: Device[] = ["cpu", ...(wasm ? ["wasm" as const] : []), ...(webgpu ? ["webgpu" as const] : [])];
    document.documentElement.dataset.state = "working";
    check.disabled = true;
    stop.hidden = false;
    reports = [];
    clear(results);
    try {
      let reference: Awaited<ReturnType<typeof measure>> | undefined;
      for (const device of devices) {
        status.textContent = `${DEVICE_NAMES[device]}: loading ${choice.name} and computing …`;
        try {
          const measured = await measure(device, choice, dtype, reference?.inputs, TEXT, signal);
          reference ??= measured;
          const differences = compare(measured.probes, reference.probes);
          const sameTokens = measured.tokens.join() === reference.tokens.join();
          reports.push(device === "cpu" ? measured.report : { ...measured.report, differences, sameTokens });
        } catch (error) {
          if (signal.aborted) throw error;
          reports.push({ device, error: (error as Error).message });
          if (!reference) break;
        }
        clear(results).append(...resultsOf(reports));
      }
      status.textContent = verdict();
      announce(status.textContent);
    } catch {
      status.textContent = "Stopped.";
    } finally {
      check.disabled = false;
      stop.hidden = true;
      showReport();
      void stored.refresh();
      if (!task.isOvertaken(signal)) document.documentElement.dataset.state = "idle";
    }
  }

  function verdict(): string {
    const compared = reports.filter(({ device }) => device !== "cpu");
    const isWrong = ({ error, differences = [], sameTokens }: DeviceReport): boolean =>
      error !== undefined || !sameTokens || differences.some(({ ratio }) => ratio > 1);
    const wrong = compared.filter(isWrong).map(({ device }) => DEVICE_NAMES[device]);
    if (wrong.length > 0)
      return `${wrong.join(" and ")}: something is not as it should be. Please copy the report into an issue.`;
    const names = compared.map(({ device }) => DEVICE_NAMES[device]);
    return names.length === 0
      ? "There is nothing but the CPU reference here."
      : `All is well: ${names.join(" and ")} agree with the reference.`;
  }

  return {
    element,
    show: () => void stored.refresh(),
    hide: () => task.stop(),
  };
}
