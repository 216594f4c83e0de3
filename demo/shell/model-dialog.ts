/** The dialog that chooses a model: says size, licence and where it would run before a byte of its weights is fetched. */

import { checkSupport, ModelError, type Forecast } from "../../src/index";
import { button, clear, h } from "../ui/dom";
import { select } from "../ui/field";
import { megabytes, WHERE } from "../ui/format";
import { Task } from "../ui/task";
import type { Dtype, ModelHost } from "./host";
import {
  droppedChoice,
  folderChoice,
  licenceOf,
  OWN_MODEL,
  readModelName,
  type ModelChoice,
  type OwnModel,
} from "./model-source";

export interface DialogSetup {
  title: string;
  /** Repositories to begin with; any other of their families works as well. */
  suggestions: readonly string[];
  /** The model of the page, and whether it is the one in use. */
  own: { model: OwnModel; inUse: boolean };
  /** A model was chosen. */
  use: (choice: ModelChoice, dtype: Dtype) => void;
  /** What the field has at first, such as the model of a link; it is looked up. */
  typed?: string;
}

/** The dialog for models of text. */
export const openTextModels = (host: ModelHost, typed?: string): void =>
  openModelDialog({
    title: "Choose a model",
    suggestions: ["Helsinki-NLP/opus-mt-fr-en", "Helsinki-NLP/opus-mt-en-de", "google/flan-t5-small"],
    own: { model: OWN_MODEL, inUse: host.state.choice === OWN_MODEL },
    use: (choice, dtype) => void host.load({ choice, dtype }),
    typed,
  });

const DTYPES = [
  ["auto", "as they come (32 bits)"],
  ["f16", "halves (16 bits)"],
  ["q8", "8 bits"],
  ["q4", "4 bits"],
] as const;

export function openModelDialog({ title, suggestions, own, use: take, typed = "" }: DialogSetup): void {
  const task = new Task();
  const result = h("div", { class: "model-facts", "aria-live": "polite", "data-testid": "model-facts" });
  const name = h("input", {
    type: "text",
    autocomplete: "off",
    spellcheck: "false",
    "data-testid": "model-name",
    value: typed,
  });
  const { field: dtypeField, control: dtype } = select("Weights are kept", DTYPES);
  let chosen: ModelChoice | undefined;

  const use = (choice: ModelChoice): void => {
    dialog.close();
    take(choice, dtype.value as Dtype);
  };
  const look = (choice: ModelChoice): void => {
    chosen = choice;
    void task.start(async (signal) => {
      clear(result).append(h("p", {}, `Looking at ${choice.name} …`));
      try {
        const [{ model }, licence] = await Promise.all([
          checkSupport(choice.source, { dtype: dtype.value as Dtype, signal }),
          licenceOf(choice, signal),
        ]);
        if (task.isOvertaken(signal)) return;
        clear(result).append(...facts(choice, model!, licence, () => use(choice)));
        result.scrollIntoView({ block: "nearest" });
      } catch (error) {
        if (signal.aborted) return;
        const hint = error instanceof ModelError ? (error.hint ?? "") : "";
        clear(result).append(h("p", { class: "bad" }, `${(error as Error).message} ${hint}`));
      }
    });
  };
  const lookAtName = (): void => {
    const choice = readModelName(name.value);
    if (choice) return look(choice);
    clear(result).append(h("p", { class: "bad" }, 'Type "owner/name" of the Hub, or the address of a folder.'));
  };
  const lookAtFolder = (choice: ModelChoice | undefined): void => {
    if (choice) look(choice);
  };
  dtype.addEventListener("change", () => chosen && look(chosen));

  const dialog = h(
    "dialog",
    { class: "models", "aria-labelledby": "models-title", "data-testid": "models" },
    h(
      "div",
      { class: "dialog-head" },
      h("h2", { id: "models-title" }, title),
      button("Close", () => dialog.close(), { class: "quiet" }),
    ),
    h("p", { class: "intro" }, "Models run in this page. Only their files are fetched; no text leaves your device."),
    ownModel(own.model, own.inUse, () => use(own.model)),
    nameForm(name, suggestions, lookAtName),
    folderBox(lookAtFolder),
    dtypeField,
    result,
  );
  dialog.addEventListener("close", () => {
    task.stop();
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
  if (typed) lookAtName();
}

const ownModel = ({ name, bytes, licence, about }: OwnModel, inUse: boolean, use: () => void): HTMLElement =>
  h(
    "section",
    {},
    h("h3", {}, "Of this page"),
    h("p", {}, `${name}, ${megabytes(bytes)}, ${licence}. ${about}`),
    inUse
      ? h("p", { class: "soft" }, "This is the model in use.")
      : button(`Use ${name}`, use, { "data-testid": "use-own" }),
  );

function nameForm(name: HTMLInputElement, suggestions: readonly string[], look: () => void): HTMLElement {
  const form = h(
    "form",
    { class: "row" },
    h("label", { class: "field grow" }, h("span", {}, "Name on the Hugging Face Hub, or address of a folder"), name),
    h("button", { type: "submit", "data-testid": "look-up" }, "Look it up"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    look();
  });
  const chips = suggestions.map((text) =>
    h(
      "li",
      {},
      button(
        text,
        () => {
          name.value = text;
          look();
        },
        { class: "chip" },
      ),
    ),
  );
  return h("section", {}, h("h3", {}, "Of the Hub or a server"), form, h("ul", { class: "chips" }, ...chips));
}

function folderBox(look: (choice: ModelChoice | undefined) => void): HTMLElement {
  const input = h("input", { type: "file", webkitdirectory: true, multiple: true, "data-testid": "model-folder" });
  input.addEventListener("change", () => look(folderChoice([...(input.files ?? [])])));
  const box = h("section", { class: "drop" }, h("h3", {}, "Of your disk"));
  box.append(
    h(
      "label",
      { class: "field" },
      h("span", {}, "A folder with config.json, weights and tokenizer: drop it here, or choose it"),
      input,
    ),
  );
  box.addEventListener("dragover", (event) => {
    event.preventDefault();
    box.classList.add("over");
  });
  box.addEventListener("dragleave", () => box.classList.remove("over"));
  box.addEventListener("drop", (event) => {
    event.preventDefault();
    box.classList.remove("over");
    if (event.dataTransfer) void droppedChoice(event.dataTransfer).then(look);
  });
  return box;
}

function facts(choice: ModelChoice, model: Forecast, licence: string | undefined, use: () => void): Node[] {
  if (!model.runs) return [h("p", { class: "bad" }, model.reason ?? "This model does not run here.")];
  const { bytesToFetch: bytes, device = "cpu", memory } = model;
  const isLocal = choice.origin === "folder";
  const size = isLocal ? "nothing: on your disk" : bytes === undefined ? "the server does not say" : megabytes(bytes);
  const rows: [string, string][] = [
    ["To download", bytes === 0 && !isLocal ? "nothing: kept from an earlier visit" : size],
    ["Licence", licence ?? (isLocal ? "see your folder" : "not stated; ask whoever offers it")],
    ["Runs", `${WHERE[device]}. ${model.deviceReason ?? ""}`],
    ["Memory", memory ? megabytes(memory.weights + memory.cache) : "unknown"],
  ];
  if (model.dtypeReason) rows.push(["Weights", model.dtypeReason]);
  if (model.fitsStorage === false) rows.push(["Room", "The browser does not grant the room to keep it."]);
  const text =
    isLocal || bytes === 0 ? "Use it" : bytes === undefined ? "Download and use" : `Download ${size} and use`;
  return [
    h("h3", {}, choice.name),
    h("dl", { class: "pairs" }, ...rows.flatMap(([key, value]) => [h("dt", {}, key), h("dd", {}, value)])),
    button(text, use, { class: "primary", "data-testid": "use-model" }),
  ];
}
