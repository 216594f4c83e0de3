/** Fields of a form: a label with a control in it. */

import { h } from "./dom";

/** A choice of one of several values. */
export function select(
  label: string,
  options: readonly (readonly [value: string, text: string])[],
  attributes: Record<string, string> = {},
): { field: HTMLLabelElement; control: HTMLSelectElement } {
  const control = h("select", attributes, ...options.map(([value, text]) => h("option", { value }, text)));
  return { field: h("label", { class: "field" }, h("span", {}, label), control), control };
}

/** A number with its limits. An empty field has no number. */
export function number(
  label: string,
  value: number | undefined,
  limits: { min: number; max: number; step: number },
  attributes: Record<string, string> = {},
): { field: HTMLLabelElement; read: () => number | undefined; control: HTMLInputElement } {
  const control = h("input", { type: "number", inputmode: "decimal", ...limits, ...attributes });
  control.value = value === undefined ? "" : String(value);
  const read = (): number | undefined => {
    const given = control.valueAsNumber;
    if (!Number.isFinite(given)) return undefined;
    return Math.min(limits.max, Math.max(limits.min, given));
  };
  return { field: h("label", { class: "field" }, h("span", {}, label), control), read, control };
}

/** Several radio buttons that look like one switch. */
export function segments<Value extends string>(
  legend: string,
  name: string,
  options: readonly (readonly [value: Value, text: string])[],
  chosen: Value,
  change: (value: Value) => void,
): HTMLFieldSetElement {
  const labels = options.map(([value, text]) => {
    const radio = h("input", {
      type: "radio",
      name,
      value,
      checked: value === chosen,
      "data-testid": `${name}-${value}`,
    });
    radio.addEventListener("change", () => change(value));
    return h("label", {}, radio, h("span", {}, text));
  });
  return h("fieldset", { class: "segments" }, h("legend", { class: "visually-hidden" }, legend), ...labels);
}
