/** Helpers for a page without a framework. What is not an element becomes a text node, so no text is ever read as markup. */

type Attributes = Record<string, string | number | boolean | undefined>;
type Child = Node | string | undefined | false;

/**
 * Makes an element.
 * @param attributes by their names in HTML; `true` is an attribute without a value, `false` and `undefined` set nothing
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  setAttributes(made, attributes);
  made.append(...kept(children));
  return made;
}

/** The same for a part of a drawing. */
export function svg<K extends keyof SVGElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  setAttributes(made, attributes);
  made.append(...kept(children));
  return made;
}

const kept = (children: Child[]): (Node | string)[] =>
  children.filter((child) => child !== undefined && child !== false);

function setAttributes(made: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    made.setAttribute(name, value === true ? "" : String(value));
  }
}

/** A button that calls `press`. */
export function button(
  text: string,
  press: (event: MouseEvent) => void,
  attributes: Attributes = {},
): HTMLButtonElement {
  const made = h("button", { type: "button", ...attributes }, text);
  made.addEventListener("click", press);
  return made;
}

/** The element with this id, which index.html must have. */
export function byId<T extends HTMLElement>(id: string, type: abstract new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`index.html has no #${id} of the right kind.`);
  return found;
}

export function clear<T extends Element>(parent: T): T {
  parent.replaceChildren();
  return parent;
}

let made = 0;
/** An id that no other element has. */
export const freshId = (prefix: string): string => `${prefix}-${++made}`;
