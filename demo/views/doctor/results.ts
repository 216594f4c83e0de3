/** What the check of the devices found, drawn: speed, memory, differences, the time of every operation, the kernels. */

import type { OperationTime, PlanTime, Profile } from "../../../src/index";
import { logDots } from "../../charts/log-dots";
import { h } from "../../ui/dom";
import { DEVICE_NAMES, fine, gigabytes, megabytes, milliseconds, NONE, rate } from "../../ui/format";
import { table, tableDetails } from "../../ui/table";
import { byOperation, TOLERANCE, type DeviceReport } from "./check";

const value = <T>(given: T | undefined, write: (given: T) => string): string =>
  given === undefined ? NONE : write(given);

const scrolling = (label: string, made: HTMLTableElement): HTMLElement =>
  h("div", { class: "table-scroll", tabindex: 0, role: "region", "aria-label": label }, made);

export function resultsOf(reports: readonly DeviceReport[]): HTMLElement[] {
  const compared = reports.filter((one) => one.differences);
  const profiled = reports.filter((one) => one.profile);
  return [
    speedTable(reports),
    ...(compared.length > 0 ? differences(compared) : []),
    ...(profiled.length > 0 ? [memoryTable(profiled), ...timeTables(profiled)] : []),
    ...kernelsOf(compared),
  ];
}

function speedTable(reports: readonly DeviceReport[]): HTMLElement {
  const rows = reports.map(
    ({ device, error, loadMs, forwardMs, firstTokenMs, tokensPerSecond, weights, sameTokens }) => [
      DEVICE_NAMES[device],
      value(tokensPerSecond, rate),
      value(firstTokenMs, milliseconds),
      value(forwardMs, milliseconds),
      value(loadMs, milliseconds),
      value(weights, megabytes),
      error ?? (device === "cpu" ? "the reference" : sameTokens ? "same words" : "other words"),
    ],
  );
  const columns = ["tokens/s", "first token", "pass", "load", "weights", "result"];
  return scrolling("Speed by device", table("Speed by device, on this sentence", columns, rows, "device"));
}

/** A chart by operation, and every tensor in a table. */
function differences(compared: readonly DeviceReport[]): HTMLElement[] {
  const rows = byOperation(compared[0].differences!).map(({ name }) => name);
  const series = compared.map(({ device, differences }) => {
    const worst = byOperation(differences!);
    return {
      name: DEVICE_NAMES[device],
      values: rows.map((name) => worst.find((one) => one.name === name)!.ratio * TOLERANCE),
    };
  });
  const all = (): HTMLTableElement =>
    table(
      "The worst difference of every tensor",
      compared.flatMap(({ device }) => [`${DEVICE_NAMES[device]}: difference`, "of the tolerance"]),
      compared[0].differences!.map(({ name }, i) => [
        name,
        ...compared.flatMap(({ differences }) => [
          differences![i].worst.toExponential(1),
          differences![i].ratio.toFixed(3),
        ]),
      ]),
      "tensor",
    );
  return [
    logDots("Worst difference from the reference, by operation", rows, series, TOLERANCE, "tolerance"),
    tableDetails("Layer by layer, every tensor as a table", all),
  ];
}

/** How the times of a device were taken, in words. */
export function clockOf({ device, profile }: DeviceReport): string {
  if (device !== "webgpu") return "the clock of the page";
  if (profile!.clock === "timestamps") return "timestamps of the GPU";
  return "the clock of the page, less the wait for the GPU: it has no timestamp queries";
}

function memoryTable(profiled: readonly DeviceReport[]): HTMLElement {
  const rows = profiled.map((report) => {
    const { bytes, copy, product } = report.profile!.memory;
    return [DEVICE_NAMES[report.device], gigabytes(copy), gigabytes(product), megabytes(bytes), clockOf(report)];
  });
  const columns = ["copy, read + written", "weights, as a step reads them", "measured with", "timed by"];
  return h(
    "section",
    { "data-testid": "bandwidth" },
    h("h3", {}, "Bandwidth of the memory"),
    h("p", { class: "soft" }, "A step of the decoder reads all its weights once, so this is what bounds its speed."),
    scrolling("Bandwidth of the memory", table("Bytes per second, by device", columns, rows, "device")),
  );
}

function timeTables(profiled: readonly DeviceReport[]): HTMLElement[] {
  const { source_length, target_length } = profiled[0].profile!;
  return [
    h("h3", {}, "Time per operation"),
    timeTable("step", `A step of the decoder, at position ${target_length}`, profiled),
    timeTable("encode", `The encoder, over ${source_length} positions`, profiled),
  ];
}

function timeTable(plan: "encode" | "step", caption: string, profiled: readonly DeviceReport[]): HTMLElement {
  const timesOf = ({ profile }: DeviceReport): PlanTime => (profile as Profile)[plan];
  // The last device is the one that is most worth looking at: a GPU where there is one.
  const last = profiled[profiled.length - 1];
  const names = [...new Set([last, ...profiled].flatMap((one) => timesOf(one).operations.map((op) => op.operation)))];
  const of = (report: DeviceReport, name: string): OperationTime[] =>
    timesOf(report).operations.filter(({ operation }) => operation === name);
  const sum = (list: readonly OperationTime[]): string =>
    list.length === 0 ? NONE : fine(list.reduce((all, { ms }) => all + ms, 0));
  const hasGpu = last.device === "webgpu";
  const rows = names.map((name) => [
    name,
    ...profiled.map((report) => sum(of(report, name))),
    ...(hasGpu ? [of(last, name).map(kernelText).join(", ")] : []),
  ]);
  rows.push(["whole", ...profiled.map((report) => fine(timesOf(report).ms)), ...(hasGpu ? [""] : [])]);
  const columns = [...profiled.map(({ device }) => DEVICE_NAMES[device]), ...(hasGpu ? ["kernels of the GPU"] : [])];
  const made = table(caption, columns, rows, "operation");
  made.dataset.testid = `times-${plan}`;
  return scrolling(caption, made);
}

const kernelText = ({ kernel, count, ms }: OperationTime): string => `${kernel} ${count} × ${fine(ms / count)}`;

function kernelsOf(compared: readonly DeviceReport[]): HTMLElement[] {
  const chosen = compared.find(({ kernels }) => kernels)?.kernels;
  if (!chosen) return [];
  const pairs = Object.entries(chosen).flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, String(value))]);
  return [
    h("h3", {}, "Variants of its kernels that the GPU chose"),
    h("dl", { class: "pairs", "data-testid": "kernels" }, ...pairs),
  ];
}
