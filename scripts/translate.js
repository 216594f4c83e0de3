/**
 * Translates a text with the demo's model in the terminal, on the CPU backend: `npm run translate -- "Hello."`
 */

import { existsSync } from "node:fs";
import { model, withSources } from "./sources.js";

const USAGE = 'usage: npm run translate -- "An English sentence."';
const translate = (text) =>
  withSources(async ({ Translator }) => {
    const translator = await Translator.create({ model, sourceLanguage: "en", targetLanguage: "fr", device: "cpu" });
    try {
      return await translator.translate(text);
    } finally {
      translator.destroy();
    }
  });

const text = process.argv.slice(2).join(" ").trim();
if (!text || text === "--help" || text === "-h") {
  (text ? console.log : console.error)(USAGE);
  process.exitCode = text ? 0 : 2;
} else if (!existsSync(model)) {
  console.error(`The demo's model is missing: there is no folder ${model}.`);
  process.exitCode = 1;
} else {
  try {
    console.log(await translate(text));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    if (error?.hint) console.error(error.hint);
    process.exitCode = 1;
  }
}
