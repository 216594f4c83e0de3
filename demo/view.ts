/** Everything that the page shows: state, status, progress, errors, text and facts. It does not know the model. */

import { ModelError, type AdapterInfo, type LoadProgress } from "../src/index";
import { byId, clear } from "./dom";
import type { Device, Timing } from "./engine";
import { deviceName, megabytes, milliseconds, rate, WHERE } from "./format";

export type State = "loading" | "ready" | "translating" | "error";

const NONE = "–";

export const source = byId("source", HTMLTextAreaElement);
export const buttons = {
  translate: byId("translate", HTMLButtonElement),
  stop: byId("stop", HTMLButtonElement),
  cancel: byId("cancel", HTMLButtonElement),
  retry: byId("retry", HTMLButtonElement),
  useOther: byId("use-other", HTMLButtonElement),
};

const status = byId("status", HTMLElement);
const progress = byId("progress", HTMLProgressElement);
const notice = byId("notice", HTMLElement);
const errorPanel = byId("error", HTMLElement);
const output = byId("output", HTMLElement);
const finished = byId("finished", HTMLElement);

/** @param usable whether there is a model to translate with */
export function setState(state: State, usable: boolean): void {
  const hadFocus = document.activeElement === buttons.translate || document.activeElement === buttons.stop;
  document.documentElement.dataset.state = state;
  buttons.translate.disabled = !usable || state === "loading" || state === "translating";
  output.setAttribute("aria-busy", String(state === "translating"));
  if (state === "translating" && hadFocus) buttons.stop.focus();
  if (state !== "translating" && hadFocus && !buttons.translate.disabled) buttons.translate.focus();
}

/** @param spoken whether a screen reader should say it */
export function setStatus(text: string, spoken = false): void {
  status.textContent = text;
  if (spoken) announce(text, "en");
}

export function setNotice(text: string): void {
  notice.textContent = text;
  notice.hidden = text === "";
}

export function createProgress(): (event: LoadProgress) => void {
  progress.removeAttribute("value");
  setStatus("Loading the model …");
  return ({ phase, loaded, total }) => {
    if (phase === "compile") {
      progress.removeAttribute("value");
      setStatus("Compiling kernels …");
    } else if (total === undefined) {
      setStatus(`Loading the model: ${megabytes(loaded)} MB`);
    } else {
      progress.max = total;
      progress.value = loaded;
      setStatus(`Loading the model: ${megabytes(loaded)} of ${megabytes(total)} MB`);
    }
  };
}

/** @param offer which buttons make sense: try again, or another device */
export function showError(error: unknown, offer: { retry: boolean; other?: Device }): void {
  const hint = error instanceof ModelError ? error.hint : undefined;
  byId("error-message", HTMLElement).textContent = error instanceof Error ? error.message : String(error);
  byId("error-hint", HTMLElement).textContent = hint ?? "";
  buttons.retry.hidden = !offer.retry;
  buttons.useOther.hidden = offer.other === undefined;
  if (offer.other) buttons.useOther.textContent = `Run ${WHERE[offer.other]}`;
  errorPanel.hidden = false;
}

export function hideError(): void {
  errorPanel.hidden = true;
  byId("error-message", HTMLElement).textContent = byId("error-hint", HTMLElement).textContent = "";
}

let shown = "";
let pending = "";
let frame = 0;

export function clearOutput(): void {
  cancelAnimationFrame(frame);
  frame = 0;
  shown = pending = "";
  clear(output);
  clear(finished);
}

/** Shows `text` with the next frame. It continues the text that is shown. */
export function growOutput(text: string): void {
  pending = text;
  frame ||= requestAnimationFrame(flush);
}

/** Shows the finished text now, and lets a screen reader say it. */
export function finishOutput(text: string): void {
  cancelAnimationFrame(frame);
  pending = text;
  flush();
  announce(text, "fr");
}

function flush(): void {
  frame = 0;
  if (!pending.startsWith(shown)) {
    shown = "";
    clear(output);
  }
  if (pending.length > shown.length) output.append(pending.slice(shown.length));
  shown = pending;
  output.scrollTop = output.scrollHeight;
}

function announce(text: string, lang: string): void {
  finished.lang = lang;
  finished.textContent = text;
}

const fact = (id: string, text: string): void => {
  byId(id, HTMLElement).textContent = text;
};

export function showDevice(device: Device, adapter: AdapterInfo | undefined): void {
  fact("adapter", deviceName(device, adapter));
  byId("software", HTMLElement).hidden = adapter?.fallback !== true;
}

export function showMemory(bytes: number): void {
  fact("memory", bytes ? `${megabytes(bytes)} MB` : NONE);
}

export function showTiming(timing: Timing | undefined): void {
  const speed = timing?.tokensPerSecond;
  fact("first-token", timing ? milliseconds(timing.firstTokenMs) : NONE);
  fact("speed", speed ? `${rate(speed)} tokens/s` : NONE);
  fact("count", timing ? `${timing.tokens} ${timing.tokens === 1 ? "token" : "tokens"}` : NONE);
}

const choice = (device: Device) => document.querySelector<HTMLInputElement>(`input[name="device"][value="${device}"]`)!;

export function showChoice(device: Device): void {
  choice(device).checked = true;
}

/** Greys a device out and says why. */
export function forbid(device: Device, reason: string): void {
  choice(device).disabled = true;
  choice(device).parentElement!.title = reason;
}
