/** Beside this page lie attendant/ (the package's dist folder) and models/en-fr/ (config.json, weights, tokenizer). */

import { Translator } from "./attendant/attendant.js";

const [form, button, bar, output] = ["form", "button", "progress", "output"].map((name) =>
  document.querySelector(name),
);

const translator = await Translator.create({
  model: new URL("./models/en-fr/", import.meta.url),
  sourceLanguage: "en",
  targetLanguage: "fr",
  monitor: (monitor) => monitor.addEventListener("downloadprogress", ({ loaded }) => (bar.value = loaded)),
});
button.disabled = false;

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  output.textContent = "";
  try {
    for await (const piece of translator.translateStreaming(form.elements.text.value)) output.append(piece);
  } catch (error) {
    output.textContent = error.message;
  }
  button.disabled = false;
});
