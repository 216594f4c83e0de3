/**
 * The tiny random Whisper of test/goldens/speech/whisper, whose windows are 1 s, with a tokenizer: each of its 60 text tokens is a
 * letter, a letter after a space, or a mark. In a page and in Node.
 */

type Json = Record<string, unknown>;

const LETTERS = [..."abcdefghijklmnopqrstuvwxyz"];
/** A space, as byte-level BPE writes it. */
const SPACE = "\u0120";
const TEXT = [SPACE, ...LETTERS, ...LETTERS.map((letter) => SPACE + letter), ...".,!?'-0"];
const SPECIAL = [
  ...["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|zh|>", "<|de|>", "<|fr|>", "<|yue|>", "<|translate|>"],
  ...["<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"],
];

function tokenizer(): Json {
  const stamps = Array.from({ length: 51 }, (_, i) => `<|${(i * 0.02).toFixed(2)}|>`);
  const added = [...SPECIAL, ...stamps].map((content, i) => ({
    id: TEXT.length + i,
    content,
    special: i < SPECIAL.length,
    ...{ single_word: false, lstrip: false, rstrip: false, normalized: false },
  }));
  return {
    version: "1.0",
    added_tokens: added,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      vocab: Object.fromEntries(TEXT.map((token, id) => [token, id])),
      merges: LETTERS.map((letter) => [SPACE, letter]),
    },
  };
}

/**
 * @param read the content of a file of test/goldens/speech/whisper
 * @param changes fields of generation_config.json; undefined takes one out
 */
export async function tinyWhisper(
  read: (file: string) => Promise<Uint8Array<ArrayBuffer>>,
  changes: Json = {},
): Promise<File[]> {
  const generation = JSON.parse(new TextDecoder().decode(await read("generation_config.json"))) as Json;
  const json = (name: string, value: Json): File => new File([JSON.stringify(value)], name);
  return [
    new File([await read("config.json")], "config.json"),
    new File([await read("model.safetensors")], "model.safetensors"),
    json("generation_config.json", { ...generation, ...changes }),
    json("tokenizer.json", tokenizer()),
    json("tokenizer_config.json", { tokenizer_class: "WhisperTokenizer" }),
  ];
}
