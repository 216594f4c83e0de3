/**
 * Pegasus (tokenization_pegasus.py, `PegasusConverter`): Unigram and an end token. Two mask tokens and `<unk_2>` to `<unk_102>`,
 * which pre-training used, stand before the pieces of the SentencePiece model.
 */

import { quote } from "../../errors";
import { contentOf, invalidFile, namedText, namedTokens, type Fields, type Folder, type Token } from "../folder";
import type { Tokenizer } from "../tokenizer";
import { around } from "./around";
import {
  additionalOf,
  buildPipeline,
  idOf,
  METASPACE,
  NEWLINE_AS_SPACE,
  piecesOf,
  readSource,
  scored,
  withOneSpace,
} from "./source";

/** More than any model has; the vocabulary is built in memory. */
const MAX_OFFSET = 10_000;

export async function createPegasus(folder: Folder, config: Fields): Promise<Tokenizer> {
  const source = await readSource(folder, config, "spiece.model", "Pegasus tokenizer");
  const { settings, charsmap } = source;
  const defaults = { eos_token: "</s>", unk_token: "<unk>", pad_token: "<pad>", mask_token: "<mask_2>" };
  const named = namedTokens(settings, defaults);
  if (config.mask_token === null) named.delete("mask_token");
  const [unk, pad, eos] = ["unk_token", "pad_token", "eos_token"].map((name) => namedText(named, name));
  const reserved = Array.from({ length: Math.max(0, offsetOf(config) - 2) }, (_, i) => `<unk_${i + 2}>`);

  const vocab = piecesOf(source, (pieces) => {
    // In this order, and where the files name none with the two exchanged: the converter's defaults are not the class's.
    const given = settings.named.get("mask_token");
    const mask = config.mask_token === null ? undefined : given ? contentOf(given) : "<mask_1>";
    const first = new Set([
      pad,
      eos,
      ...[mask, sentenceMask(config, "<mask_2>")].filter((token) => token !== undefined),
    ]);
    return [...scored([...first]), ...scored(reserved, -100), ...pieces.slice(2)];
  });
  const unkId = vocab.findIndex(([piece, score], id) => id > 0 && piece === unk && score === 0);
  if (unkId < 0)
    throw invalidFile("tokenizer", `the unknown token ${quote(unk)} with a score of 0 is not in the vocabulary`);

  const mask = sentenceMask(config, "<mask_1>");
  const has = additionalOf(source)?.some((token) => token === mask);
  const additional: Token[] = [...(mask === undefined || has ? [] : [mask]), ...reserved];
  const pipeline = buildPipeline(source, named, settings.extra ?? additional, {
    normalizer: charsmap === undefined ? NEWLINE_AS_SPACE : withOneSpace(charsmap),
    preTokenizer: METASPACE,
    model: { type: "Unigram", vocab, unkId, byteFallback: false },
    decoder: METASPACE,
  });
  return around(pipeline, [], [idOf(pipeline, named, "eos_token")]);
}

/** The mask of whole sentences. `null` in tokenizer_config.json switches it off. */
function sentenceMask({ mask_token_sent: given }: Fields, byDefault: string): string | undefined {
  if (given === undefined) return byDefault;
  if (given === null) return undefined;
  if (typeof given === "string") return given;
  throw invalidFile("tokenizer_config.json", `mask_token_sent must be a text or null, not ${quote(given)}`);
}

/** How far the reserved tokens move the pieces. */
function offsetOf({ offset = 103 }: Fields): number {
  if (Number.isInteger(offset) && (offset as number) >= 0 && (offset as number) <= MAX_OFFSET) return offset as number;
  throw invalidFile("tokenizer_config.json", `offset must be an integer from 0 to ${MAX_OFFSET}, not ${quote(offset)}`);
}
