/**
 * A tiny random Moonshine of test/goldens/speech with a tokenizer of the kind that Moonshine has, SentencePiece BPE with `▁` for a
 * space: token 7 is the word "w7". In a page and in Node.
 */

/** Ids 0 to 2 are marks. */
const MARKS = ["<unk>", "<s>", "</s>"];

/** What the tokenizer makes of ids. */
export const wordsOf = (ids: readonly number[]): string =>
  ids
    .filter((id) => id >= MARKS.length)
    .map((id) => `w${id}`)
    .join(" ");

/** @param read the content of a file of the checkpoint's folder */
export async function tinyMoonshine(read: (file: string) => Promise<Uint8Array<ArrayBuffer>>): Promise<File[]> {
  const names = ["config.json", "generation_config.json", "model.safetensors"];
  const files = await Promise.all(names.map(async (name) => new File([await read(name)], name)));
  const { vocab_size } = JSON.parse(await files[0].text()) as { vocab_size: number };
  const words = Array.from({ length: vocab_size - MARKS.length }, (_, i) => `▁w${MARKS.length + i}`);
  const flags = { special: true, single_word: false, lstrip: false, rstrip: false, normalized: false };
  const tokenizer = {
    version: "1.0",
    added_tokens: MARKS.map((content, id) => ({ id, content, ...flags })),
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "Prepend", prepend: "▁" },
        { type: "Replace", pattern: { String: " " }, content: "▁" },
      ],
    },
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: "▁" }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        { type: "Strip", content: " ", start: 1, stop: 0 },
      ],
    },
    model: {
      type: "BPE",
      vocab: Object.fromEntries([...MARKS, ...words].map((token, id) => [token, id])),
      merges: [],
      unk_token: "<unk>",
      byte_fallback: true,
    },
  };
  const json = (name: string, value: object): File => new File([JSON.stringify(value)], name);
  return [
    ...files,
    json("tokenizer.json", tokenizer),
    json("tokenizer_config.json", { tokenizer_class: "PreTrainedTokenizerFast" }),
  ];
}
