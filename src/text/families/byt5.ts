/** ByT5 (tokenization_byt5.py): no vocabulary, each byte of the text plus three is its id; no file is needed. */

import { fromUtf8ByByte, utf8, wellFormed } from "../bytes";
import { addedToken, contentOf, namedTokens, readSettings, type Fields, type Folder, type Token } from "../folder";
import { ModelError } from "../../errors";
import { checkedEncodeOptions, checkedText, type Tokenizer } from "../tokenizer";
import { createPython } from "./python";
import { sentinelsOf, taskPrefixes } from "./t5";

/** Padding, end and unknown token come before the bytes. */
const OFFSET = 3;

export async function createByT5(folder: Folder, config: Fields): Promise<Tokenizer> {
  const settings = await readSettings(folder, config);
  const sentinels = sentinelsOf(config, 125);
  const { additional } = settings;
  const given = new Set(additional?.map(contentOf).filter((token) => token.includes("extra_id"))).size;
  if (sentinels.length > 0 && additional?.length && given !== sentinels.length) {
    throw new ModelError(
      "invalid_tokenizer",
      `special_tokens_map.json: ${given} sentinels, but extra_ids is ${sentinels.length}.`,
    );
  }
  const stripping = (name: string, content: string): Token => {
    const own = settings.named.get(name) ?? content;
    return typeof own === "string" ? addedToken(own, { lstrip: true, rstrip: true }) : own;
  };
  const pad = stripping("pad_token", "<pad>");
  const eos = stripping("eos_token", "</s>");
  const unk = stripping("unk_token", "<unk>");
  const named = namedTokens(settings, {});
  for (const [name, token] of Object.entries({ eos_token: eos, unk_token: unk, pad_token: pad }))
    named.set(name, token);
  const preset = [pad, eos, unk].map((token, id) => [id, token] as [number, Exclude<Token, string>]);

  const python = createPython(
    {
      size: 256,
      has: (token) => token.length === 1 && token.charCodeAt(0) < 256,
      id: (token) => token.charCodeAt(0) + OFFSET,
      token: (id) => (id >= OFFSET && id < OFFSET + 256 ? String.fromCharCode(id - OFFSET) : ""),
      tokenize: (text) => Array.from(utf8(text), (byte) => String.fromCharCode(byte)),
      join(tokens, _special, added) {
        // A token of one character is a byte, unless it was added; bytes that make no character are left out.
        const isByte = (token: string) => token.length === 1 && !added.has(token);
        const bytes = tokens.flatMap((token) => (isByte(token) ? [token.charCodeAt(0)] : [...utf8(token)]));
        return fromUtf8ByByte(Uint8Array.from(bytes), "");
      },
    },
    { settings, named, preset, extra: settings.extra ?? (additional?.length ? additional : sentinels) },
  );
  const end = python.id(contentOf(eos));
  const { prefixOf, languagePairs } = taskPrefixes(folder.modelConfig);
  return {
    encode(text, options) {
      const checked = checkedEncodeOptions(options);
      const ids = python.encode(wellFormed(prefixOf(checked) + checkedText(text)));
      return ids.at(-1) === end || !checked.add_special_tokens ? ids : [...ids, end];
    },
    decode: (ids) => python.decode(ids),
    token: (id) => python.token(id),
    unsettled: python.unsettled,
    ...(languagePairs ? { languagePairs } : {}),
  };
}
