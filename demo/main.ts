/** The demo page: loads the model, translates, and switches devices. One thing runs at a time. */

import { checkSupport, ModelError, type ErrorCode } from "../src/index";
import { AttentionPanel } from "./attention";
import { byId, element } from "./dom";
import { Engine, type Device, type Translation } from "./engine";
import { seconds, WHERE } from "./format";
import * as view from "./view";

const EXAMPLES = [
  "She gave me a red book.",
  "Where is the station?",
  "I would like to book a table for two.",
  "My name is Siobhán and I live in Kraków.",
  "The ticket costs $12.50.",
];
/** Errors that another device might not have. */
const DEVICE_TROUBLE: ErrorCode[] = ["unsupported_device", "device_lost", "out_of_memory", "internal"];

const engine = new Engine();
const panel = new AttentionPanel();
let wanted: Device | "auto" = "auto";
/** What to offer where a device fails. */
let other: Device = "cpu";
/** The task that runs now, if any. */
let task: { controller: AbortController; done: Promise<void> } | undefined;
let retry: () => void = () => undefined;

/** Ends the running task, then runs `body` as the next one. */
async function start(body: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  const before = task;
  before?.controller.abort();
  const done = (async () => {
    await before?.done;
    if (!overtaken(controller.signal)) await body(controller.signal);
  })();
  task = { controller, done };
  await done;
  if (task?.controller === controller) task = undefined;
}

/** Whether a newer task has started. The older one must not change the page any more. */
const overtaken = (signal: AbortSignal): boolean => task !== undefined && task.controller.signal !== signal;

function fail(error: unknown, again: () => void): void {
  const code = error instanceof ModelError ? error.code : undefined;
  const lost = code === "device_lost" || code === "disposed";
  if (lost) void engine.drop();
  retry = lost ? () => void load(wanted) : again;
  const trouble = code !== undefined && DEVICE_TROUBLE.includes(code) && wanted !== other;
  view.showError(error, { retry: code !== "invalid_input", other: trouble ? other : undefined });
  view.setStatus("");
  view.setState("error", engine.loaded);
}

const load = (device: Device | "auto"): Promise<void> =>
  start(async (signal) => {
    wanted = device;
    view.hideError();
    if (device !== "auto") view.showChoice(device);
    view.setState("loading", false);
    const begun = performance.now();
    try {
      await engine.load(device, signal, view.createProgress());
    } catch (error) {
      if (overtaken(signal)) return;
      // If there was a model on the other device, it still works.
      const before = engine.device;
      if (before) view.showChoice((wanted = before));
      if (!signal.aborted) return fail(error, () => void load(device));
      if (!before) return fail(new Error("Loading was cancelled."), () => void load(device));
      view.setStatus(`Cancelled; the model still runs ${WHERE[before]}.`, true);
      view.setState("ready", true);
      return;
    }
    // What the engine says is the truth, whatever was asked for.
    const { device: taken = "cpu" } = engine;
    wanted = taken;
    view.showChoice(taken);
    view.showDevice(taken, engine.adapter);
    view.showMemory(engine.memory());
    view.setStatus(`Ready ${WHERE[taken]} after ${seconds(performance.now() - begun)}.`, true);
    view.setState("ready", true);
  });

function translate(): void {
  const text = view.source.value;
  if (text.trim() === "") {
    view.setStatus("Type a sentence first.", true);
    view.source.focus();
    return;
  }
  const { state } = document.documentElement.dataset;
  if (!engine.loaded || state === "loading") return;
  void start((signal) => run(text, signal));
}

async function run(text: string, signal: AbortSignal): Promise<void> {
  view.hideError();
  view.clearOutput();
  view.showTiming(undefined);
  view.setStatus("Translating …");
  view.setState("translating", true);
  const begun = performance.now();
  let last: Translation | undefined;
  try {
    for await (last of engine.translate(text, signal)) {
      view.growOutput(last.text);
      view.showTiming(last);
    }
    const took = performance.now() - begun;
    view.finishOutput(last?.text ?? "");
    view.showMemory(engine.memory());
    if (last) panel.show(await engine.attention(last));
    if (overtaken(signal)) return;
    view.setStatus(`Translated in ${seconds(took)}.`);
    view.setState("ready", true);
  } catch (error) {
    panel.hide();
    if (last) view.finishOutput(last.text);
    if (overtaken(signal)) return;
    if (!signal.aborted) return fail(error, translate);
    view.setStatus("Stopped.", true);
    view.setState("ready", engine.loaded);
  }
}

/** Cancels loading or stops translating. */
const stop = (): void => task?.controller.abort();

function addExamples(): void {
  const list = byId("examples", HTMLUListElement);
  for (const text of EXAMPLES) {
    const chip = element("button", "chip", text);
    chip.type = "button";
    chip.lang = "en";
    chip.addEventListener("click", () => {
      view.source.value = text;
      translate();
    });
    const item = element("li");
    item.append(chip);
    list.append(item);
  }
}

function listen(): void {
  view.buttons.translate.addEventListener("click", translate);
  view.buttons.stop.addEventListener("click", stop);
  view.buttons.cancel.addEventListener("click", stop);
  view.buttons.retry.addEventListener("click", () => retry());
  view.buttons.useOther.addEventListener("click", () => void load(other));
  view.source.addEventListener("keydown", (event) => {
    // In some input methods Enter also ends the composition of a character.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    translate();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && document.documentElement.dataset.state === "translating") stop();
  });
  for (const radio of document.querySelectorAll<HTMLInputElement>('input[name="device"]')) {
    radio.addEventListener("change", () => void load(radio.value as Device));
  }
}

async function main(): Promise<void> {
  addExamples();
  listen();
  const { webgpu, reason = "", wasm, wasmReason = "" } = await checkSupport();
  if (wasm) other = "wasm";
  if (!webgpu) view.forbid("webgpu", reason);
  if (!wasm) view.forbid("wasm", wasmReason);
  const missing = [reason, wasmReason].filter(Boolean);
  if (missing.length > 0) view.setNotice(`${missing.join(" ")} The other devices give the same French.`);
  await load("auto");
}

void main();
