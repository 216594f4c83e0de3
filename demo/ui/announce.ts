/** What a screen reader says: one live region for the page, filled once per result. */

import { byId } from "./dom";

/** @param lang of the text */
export function announce(text: string, lang = "en"): void {
  const region = byId("spoken", HTMLElement);
  region.lang = lang;
  region.textContent = text;
}
