/** Beside this page lie attendant/ (the package's dist folder) and models/en-fr/. From the second visit on it needs no network. */

import { Translator } from "./attendant/index.js";

// The page and its scripts are kept by the service worker, the model by attendant.
await navigator.serviceWorker.register("./sw.js");
await navigator.serviceWorker.ready;

const [form, button, output] = ["form", "button", "output"].map((name) => document.querySelector(name));

const translator = await Translator.create({
  model: new URL("./models/en-fr/", import.meta.url),
  sourceLanguage: "en",
  targetLanguage: "fr",
});
button.disabled = false;

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  output.textContent = await translator.translate(form.elements.text.value);
  button.disabled = false;
});
