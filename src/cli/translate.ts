/** `attendant translate`: text in, text out. */

import { ModelError } from "../errors";
import type { Seq2Seq } from "../index";
import { UsageError, wholeNumber, type Command } from "./command";
import { LOADING, loadOptions } from "./loading";

export const translate: Command = {
  summary: "translates a text, or each line of the standard input",
  usage: '["TEXT"] --model MODEL [options]',
  least: 0,
  most: 1,
  options: {
    model: { short: "m", value: "MODEL", help: "a folder, an address, or owner/name on the Hugging Face Hub" },
    from: { value: "TAG", help: "the language of the text, such as en (needed where the model has several)" },
    to: { value: "TAG", help: "the language of the translation" },
    beams: { value: "N", help: "beams of the search (default: that of the model)" },
    ...LOADING,
  },
  async run([text], values, output) {
    if (values.model === undefined) throw new UsageError("--model is missing.");
    const beams = wholeNumber("beams", values.beams);
    const { Seq2Seq, Translator } = await import("../index");
    const options = loadOptions(values, output);
    const model = await Seq2Seq.load(values.model, options);
    try {
      const languages = languagesOf(model, values.from, values.to);
      const { onWarning } = options;
      const generation = beams === undefined ? {} : { num_beams: beams };
      const translator = await Translator.create({ model, ...languages, generation, onWarning });
      const lines = text === undefined ? (await output.input()).replace(/\n$/, "").split("\n") : [text];
      for (const line of lines) output.out(`${await translator.translate(line)}\n`);
      translator.destroy();
    } finally {
      await model.dispose();
    }
    return 0;
  },
};

/** What is given, else what the model's files name, where they name one pair. */
function languagesOf(model: Seq2Seq, from?: string, to?: string) {
  const { languages = [], languagePairs = [] } = model.tokenizer ?? {};
  const [pair] = languagePairs.length === 1 ? languagePairs : [];
  const [sourceLanguage, targetLanguage] = [from ?? pair?.source, to ?? pair?.target];
  if (sourceLanguage !== undefined && targetLanguage !== undefined) return { sourceLanguage, targetLanguage };
  const hint =
    languages.length > 0 ? `Languages of this model: ${languages.join(", ")}.` : "Such as --from en --to fr.";
  throw new ModelError("invalid_option", "translate: --from and --to are needed for this model.", hint);
}
