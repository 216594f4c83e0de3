/** Text of the microphone while it comes in: what is final stays, the rest is shown as it is heard so far. */

import type { Samples, Transcriber } from "../../../src/index";
import { clear, h } from "../../ui/dom";

/**
 * Listens until the blocks end.
 * @param language that is spoken; undefined: it is detected
 * @returns the text
 */
export async function listen(
  transcriber: Transcriber,
  blocks: AsyncIterable<Samples>,
  into: HTMLElement,
  language?: string,
): Promise<string> {
  const final = h("span", {});
  const heard = h("span", { class: "soft", "data-testid": "heard" });
  clear(into).append(h("p", { class: "segment" }, final, heard));
  // The end of the blocks ends the text: what was heard last becomes final.
  for await (const { text, final: isFinal } of transcriber.transcribeStreaming(blocks, language ? { language } : {})) {
    if (isFinal) {
      final.append(text);
      heard.textContent = "";
    } else heard.textContent = text;
  }
  return final.textContent;
}
