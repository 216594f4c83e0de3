/**
 * Three families with sentencepiece.bpe.model: XLM-R (tokenization_xlm_roberta.py), CamemBERT (tokenization_camembert.py)
 * and BARThez (tokenization_barthez.py). Each is a Unigram model; they differ in the ids and in what is around a text.
 */

import { addedToken, namedText, namedTokens, type Fields, type Folder, type Token } from "../folder";
import { component, type Component } from "../pipeline/definition";
import type { Tokenizer } from "../tokenizer";
import { around } from "./around";
import { bosAndEos } from "./bos-eos";
import {
  additionalOf,
  buildPipeline,
  FAIRSEQ_TOKENS,
  idOf,
  METASPACE,
  piecesOf,
  precompiled,
  readSource,
  scored,
  WORDS,
  type ScoredPiece,
} from "./source";

interface Family {
  kind: string;
  /** How the mask token is matched, where the files do not say. */
  mask?: Token;
  /** The vocabulary of the pieces of a SentencePiece model. */
  arrange(pieces: ScoredPiece[], token: (name: string) => string): ScoredPiece[];
  unkId(vocab: readonly ScoredPiece[], unkToken: string): number;
  /** Special tokens without a name, where neither the files nor a SentencePiece model list any. */
  additional?: readonly string[];
  /** Default: the model's character map. */
  normalizer?: Component;
  /** Whether words are cut at white space before the pieces are. */
  splitsWords: boolean;
  /** `<s>` and `</s>` around each text; else what tokenizer.json or `add_bos_token` says. */
  isAround: boolean;
}

const xlmRoberta: Family = {
  kind: "XLM-R tokenizer",
  arrange: (pieces, token) => [
    ...scored(["bos_token", "pad_token", "eos_token", "unk_token"].map(token)),
    ...pieces.slice(3),
    ...scored([token("mask_token")]),
  ],
  unkId: () => 3,
  splitsWords: true,
  isAround: true,
};

const camembert: Family = {
  kind: "CamemBERT tokenizer",
  mask: addedToken("<mask>", { lstrip: true, special: true }),
  arrange: (pieces, token) => [
    ...scored(["<s>NOTUSED", token("pad_token"), "</s>NOTUSED", token("unk_token")]),
    ...scored(["<unk>NOTUSED"], -100),
    ...pieces.slice(1),
    ...scored([token("mask_token")]),
  ],
  unkId: (vocab, unkToken) =>
    Math.max(
      0,
      vocab.findIndex(([piece]) => piece === unkToken),
    ),
  additional: ["<s>NOTUSED", "</s>NOTUSED", "<unk>NOTUSED"],
  splitsWords: true,
  isAround: true,
};

const barthez: Family = {
  kind: "BARThez tokenizer",
  mask: addedToken("<mask>", { lstrip: true }),
  arrange: (pieces) => pieces,
  unkId: () => 3,
  normalizer: {
    type: "Sequence",
    normalizers: [
      { type: "Replace", pattern: { Regex: "\\s{2,}|[\\n\\r\\t]" }, content: " " },
      { type: "NFC" },
      { type: "Strip", strip_left: false, strip_right: true },
    ],
  },
  splitsWords: false,
  isAround: false,
};

const creator =
  (family: Family) =>
  async (folder: Folder, config: Fields): Promise<Tokenizer> => {
    const source = await readSource(folder, config, "sentencepiece.bpe.model", family.kind);
    const { settings, charsmap, tokenizerJson } = source;
    const named = namedTokens(settings, FAIRSEQ_TOKENS);
    const mask = named.get("mask_token");
    if (typeof mask === "string" && family.mask) {
      named.set("mask_token", { ...(family.mask as Exclude<Token, string>), content: mask });
    }
    const token = (name: string) => namedText(named, name);
    const vocab = piecesOf(source, (pieces) => family.arrange(pieces, token));
    const scheme = config.add_prefix_space === false ? "never" : "always";
    const metaspace: Component = { ...METASPACE, prepend_scheme: scheme };
    const words: Component = { ...WORDS, pretokenizers: [{ type: "WhitespaceSplit" }, metaspace] };
    const processor = family.isAround ? undefined : tokenizerJson?.post_processor;
    const pipeline = buildPipeline(source, named, settings.extra ?? additionalOf(source) ?? family.additional ?? [], {
      normalizer: family.normalizer ?? (charsmap === undefined ? undefined : precompiled(charsmap)),
      preTokenizer: family.splitsWords ? words : metaspace,
      model: { type: "Unigram", vocab, unkId: family.unkId(vocab, token("unk_token")), byteFallback: false },
      postProcessor: processor ? component(processor, "post-processor") : undefined,
      decoder: metaspace,
    });
    const { before, after } = family.isAround
      ? { before: [idOf(pipeline, named, "bos_token")], after: [idOf(pipeline, named, "eos_token")] }
      : bosAndEos(tokenizerJson ? {} : config, named, (name) => pipeline.id(name));
    return around(pipeline, before, after);
  };

export const createXlmRoberta = creator(xlmRoberta);
export const createCamembert = creator(camembert);
export const createBarthez = creator(barthez);
