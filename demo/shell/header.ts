/** The header: which model is loaded and where it runs, and the switch of both. */

import type { Support } from "../../src/index";
import { byId, h } from "../ui/dom";
import { announce } from "../ui/announce";
import { ErrorPanel } from "../ui/error";
import { segments } from "../ui/field";
import { deviceName, megabytes, seconds, WHERE, type Device } from "../ui/format";
import { isDeviceTrouble, type HostState, type ModelHost } from "./host";
import { openTextModels } from "./model-dialog";

const DEVICES = [
  ["webgpu", "GPU"],
  ["wasm", "WebAssembly"],
  ["cpu", "CPU"],
] as const;

export function startHeader(host: ModelHost, support: Promise<Support>): void {
  const status = byId("status", HTMLElement);
  const progress = byId("progress", HTMLProgressElement);
  const cancel = byId("cancel", HTMLButtonElement);
  const choose = byId("choose-model", HTMLButtonElement);
  const notice = byId("notice", HTMLElement);
  const errors = new ErrorPanel();
  byId("load-error", HTMLElement).replaceWith(errors.element);
  const devices = segments("Where the model runs", "device", DEVICES, "webgpu", (device) => void host.load({ device }));
  byId("device-switch", HTMLElement).replaceWith(devices);
  const radio = (device: Device) => devices.querySelector<HTMLInputElement>(`[value="${device}"]`)!;
  for (const [device] of DEVICES) radio(device).checked = false;
  /** What to offer where a device fails. */
  let other: Device = "cpu";

  void support.then(({ webgpu, reason = "", wasm, wasmReason = "" }) => {
    const forbid = (device: Device, why: string): void => {
      radio(device).disabled = true;
      radio(device).parentElement!.title = why;
    };
    if (wasm) other = "wasm";
    if (!webgpu) forbid("webgpu", reason);
    if (!wasm) forbid("wasm", wasmReason);
    const missing = [reason, wasmReason].filter(Boolean);
    notice.hidden = missing.length === 0;
    if (missing.length > 0) notice.textContent = `${missing.join(" ")} The other devices give the same results.`;
  });

  cancel.addEventListener("click", () => host.cancel());
  choose.addEventListener("click", () => openTextModels(host));

  let phase = "";
  host.subscribe((state) => {
    document.documentElement.dataset.model = state.phase;
    showProgress(progress, state);
    status.textContent = statusOf(state);
    if (state.device !== "auto") radio(state.device).checked = true;
    choose.textContent = nameOf(state);
    if (phase === state.phase) return;
    phase = state.phase;
    if (phase === "ready") announce(statusOf(state));
    if (phase !== "failed") return errors.hide();
    const again = { Retry: () => void host.load({}) };
    const elsewhere = { [`Run ${WHERE[other]}`]: () => void host.load({ device: other }) };
    errors.show(
      state.error,
      isDeviceTrouble(state.error) && state.device !== other ? { ...again, ...elsewhere } : again,
    );
  });
}

function nameOf({ choice, model, dtype }: HostState): string {
  const bytes = model?.memory().weights;
  return [choice.name, bytes && megabytes(bytes), dtype !== "auto" && dtype].filter(Boolean).join(" · ");
}

function showProgress(bar: HTMLProgressElement, { phase, progress }: HostState): void {
  if (phase !== "loading" || !progress?.total || progress.phase === "compile") {
    bar.removeAttribute("value");
    return;
  }
  bar.max = progress.total;
  bar.value = progress.loaded;
}

function statusOf({ phase, progress, model, note, tookMs, choice }: HostState): string {
  if (phase === "failed") return model ? `${choice.name} still works.` : "";
  if (phase === "ready" && model) {
    const after = tookMs === undefined ? "" : ` after ${seconds(tookMs)}`;
    const software = model.adapter?.fallback ? " A software adapter: right, but slow." : "";
    const device = model.device === "wasm" ? "" : ` ${deviceName(model.device, model.adapter)}.`;
    return `${note ?? `Ready ${WHERE[model.device]}${after}.`}${device}${software}`;
  }
  if (!progress) return `Loading ${choice.name} …`;
  if (progress.phase === "verify") return "Comparing hashes …";
  if (progress.phase === "compile") return "Compiling kernels …";
  if (progress.total === undefined) return `Loading ${choice.name}: ${megabytes(progress.loaded)}`;
  const left = progress.secondsLeft === undefined ? "" : `, ${Math.ceil(progress.secondsLeft)} s left`;
  return `Loading ${choice.name}: ${megabytes(progress.loaded)} of ${megabytes(progress.total)}${left}`;
}

/** The line of the page's foot. */
export const footer = (): HTMLElement =>
  h(
    "p",
    {},
    "Whisper tiny.en: (c) OpenAI, ",
    h("a", { href: "models/tiny-en/LICENSE" }, "MIT"),
    ". en-fr was trained on sentence pairs of Tatoeba (tatoeba.org), CC-BY 2.0 FR, by way of manythings.org/anki, and of the sources in its ",
    h("a", { href: "models/en-fr/CREDITS.txt" }, "credits"),
    ".",
  );
