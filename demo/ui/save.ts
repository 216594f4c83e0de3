/** What leaves the page by the visitor's hand: the clipboard and files. */

import { h } from "./dom";

/** Copies `text` and says so on the button for two seconds. */
export async function copyFrom(pressed: HTMLButtonElement, text: string): Promise<void> {
  const before = pressed.textContent;
  try {
    await navigator.clipboard.writeText(text);
    pressed.textContent = "Copied";
  } catch {
    pressed.textContent = "Not allowed here";
  }
  setTimeout(() => (pressed.textContent = before), 2000);
}

/** Saves a file with this content. */
export function save(name: string, content: string | Blob, type = "text/plain"): void {
  const blob = typeof content === "string" ? new Blob([content], { type: `${type};charset=utf-8` }) : content;
  const url = URL.createObjectURL(blob);
  const link = h("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
