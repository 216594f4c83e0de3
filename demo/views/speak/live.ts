/** Text of the microphone while it comes in: what is final stays, the rest is shown as it is heard so far. */

import type { Transcriber } from "../../../src/index";
import { clear, h } from "../../ui/dom";
import { microphoneBlocks } from "./microphone";

/** Listens until `signal` is aborted; returns the text. */
export async function listen(transcriber: Transcriber, into: HTMLElement, signal: AbortSignal): Promise<string> {
  const final = h("span", {});
  const heard = h("span", { class: "soft" });
  clear(into).append(h("p", { class: "segment" }, final, heard));
  // The end of the blocks ends the text: what was heard last becomes final.
  for await (const { text, final: isFinal } of transcriber.transcribeStreaming(microphoneBlocks(signal))) {
    if (isFinal) {
      final.append(text);
      heard.textContent = "";
    } else heard.textContent = text;
  }
  return final.textContent;
}
