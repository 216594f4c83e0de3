/** Byte-level BPE of tokenizer.json, or of vocab.json and merges.txt: what BART, GPT-2 and Blenderbot have in common. */

import {
  namedTokens,
  optionalFields,
  readSettings,
  unnamedTokens,
  type Fields,
  type Folder,
  type Token,
} from "../folder";
import { component } from "../pipeline/definition";
import type { Tokenizer } from "../tokenizer";
import { around } from "./around";
import { bosAndEos } from "./bos-eos";
import { readBpeOf } from "./model-json";
import { buildPipeline, idOf } from "./source";

export interface ByteLevelBpe {
  /** In messages. */
  name: string;
  /** The named tokens that the files may leave out. */
  defaults: Readonly<Record<string, Token>>;
  /** Whether a space comes before the text if `add_prefix_space` is absent. */
  prefixSpace: boolean;
  /** "class": `cls_token` and `sep_token`. "files": what tokenizer.json says, or `add_bos_token` and `add_eos_token`. */
  ends: "class" | "files";
  /** Changes the named tokens in place. */
  adjust?: (named: Map<string, Token>) => void;
}

export const createByteLevelBpe =
  ({ name, defaults, prefixSpace, ends, adjust }: ByteLevelBpe) =>
  async (folder: Folder, config: Fields): Promise<Tokenizer> => {
    const tokenizerJson = await optionalFields(folder, "tokenizer.json");
    const settings = await readSettings(folder, config, tokenizerJson);
    const { vocab, merges } = await readBpeOf(folder, tokenizerJson, `${name} tokenizer without tokenizer.json`);
    const named = namedTokens(settings, defaults);
    adjust?.(named);
    const processor = ends === "files" ? tokenizerJson?.post_processor : undefined;
    const space = prefixSpace ? config.add_prefix_space !== false : config.add_prefix_space === true;
    const pipeline = buildPipeline({ settings }, named, unnamedTokens(settings), {
      preTokenizer: { type: "ByteLevel", add_prefix_space: space },
      model: { type: "BPE", vocab, merges, fuseUnk: false, byteFallback: false, ignoreMerges: false },
      postProcessor: processor ? component(processor, "post-processor") : undefined,
      decoder: { type: "ByteLevel" },
    });
    if (ends === "class") {
      return around(pipeline, [idOf(pipeline, named, "cls_token")], [idOf(pipeline, named, "sep_token")]);
    }
    const { before, after } = bosAndEos(tokenizerJson ? {} : config, named, (token) => pipeline.id(token));
    return around(pipeline, before, after);
  };
