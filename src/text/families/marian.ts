/**
 * Marian and OPUS-MT (tokenization_marian.py): source.spm segments the text, vocab.json has the ids of the pieces.
 *
 * As in transformers 5: a text is not put through Moses' punctuation normaliser (the class has it and does not call it),
 * and text is put together by source.spm, unless the two sides have vocabularies of their own.
 */

import { wellFormed } from "../bytes";
import { namedText, namedTokens, readSettings, required, unnamedTokens, type Fields, type Folder } from "../folder";
import { codeOf } from "../languages";
import { createSentencePiece, type SentencePiece } from "../sentencepiece/processor";
import { checkedEncodeOptions, checkedText, type EncodeOptions, type Tokenizer } from "../tokenizer";
import { readVocabulary } from "./model-json";
import { createPython, joinRuns, strip, unknownOf } from "./python";

const KIND = "Marian tokenizer";

export async function createMarian(folder: Folder, config: Fields): Promise<Tokenizer> {
  const spm = async (file: string): Promise<SentencePiece> =>
    createSentencePiece(await required(folder.bytes(file), file, KIND), file);
  const vocabulary = async (file: string) => readVocabulary(await required(folder.json(file), file, KIND), file);
  const source = await spm("source.spm");
  const target = await spm("target.spm");
  const vocab = await vocabulary("vocab.json");
  const separate = config.separate_vocabs === true;
  const decoder = new Map(
    [...(separate ? await vocabulary("target_vocab.json") : vocab)].map(([token, id]) => [id, token]),
  );
  const settings = await readSettings(folder, config);
  const named = namedTokens(settings, { unk_token: "<unk>", eos_token: "</s>", pad_token: "<pad>" });
  const [unk, unkId] = unknownOf(vocab, named);
  const joiner = separate ? target : source;
  const python = createPython(
    {
      size: vocab.size,
      has: (token) => vocab.has(token),
      id: (token) => vocab.get(token) ?? unkId,
      token: (id) => decoder.get(id) ?? joiner.proto.pieces[id]?.piece ?? unk,
      tokenize(text) {
        const end = text.startsWith(">>") ? text.indexOf("<<") : -1;
        return end < 0 ? source.encode(text) : [text.slice(0, end + 2), ...source.encode(text.slice(end + 2))];
      },
      join: (tokens, special) =>
        strip(joinRuns(tokens, special, (run) => joiner.decode(run), " ").replaceAll("\u2581", " ")),
    },
    { settings, named, extra: unnamedTokens(settings) },
  );
  const end = python.id(namedText(named, "eos_token"));
  const codes = separate ? [] : [...vocab.keys()].filter((token) => token.startsWith(">>") && token.endsWith("<<"));
  const prefixOf = (options: EncodeOptions): string => {
    if (codes.length === 0 || options.targetLanguage === undefined) return "";
    return `${codeOf("targetLanguage", options.targetLanguage, codes)} `;
  };
  return {
    encode(text, options) {
      const checked = checkedEncodeOptions(options);
      const ids = python.encode(prefixOf(checked) + wellFormed(checkedText(text)));
      return checked.add_special_tokens ? [...ids, end] : ids;
    },
    decode: (ids) => python.decode(ids),
    token: (id) => python.token(id),
    unsettled: python.unsettled,
    ...(codes.length > 0 ? { languages: codes } : {}),
  };
}
