/** A module worker with a model in it. Beside it lie attendant/ (the package's dist folder) and models/en-fr/. */

import { Seq2Seq } from "./attendant/attendant.js";

try {
  // This is a worker already, so the engine starts none of its own.
  const model = await Seq2Seq.load(new URL("./models/en-fr/", import.meta.url));
  addEventListener("message", async ({ data }) => {
    try {
      for await (const piece of model.streamText(data.text)) postMessage({ type: "piece", piece });
      postMessage({ type: "done" });
    } catch (error) {
      postMessage({ type: "error", message: error.message });
    }
  });
  postMessage({ type: "ready" });
} catch (error) {
  postMessage({ type: "error", message: error.message });
}
