/**
 * Whisper (tokenization_whisper.py): byte-level BPE. Special tokens say how output begins; timestamps are tokens as well, or, in
 * older files, the ids after all tokens.
 */

import { ModelError, quote } from "../../errors";
import { LANGUAGE_CODES, LANGUAGES } from "../../util/spoken-languages";
import {
  contentOf,
  namedTokens,
  optionalFields,
  readSettings,
  unnamedTokens,
  type Fields,
  type Folder,
} from "../folder";
import { decodeWithTimestamps, offsetsOf } from "../timestamps";
import { checkedText, type DecoderPromptOptions, type Tokenizer } from "../tokenizer";
import { around } from "./around";
import { readBpeOf } from "./model-json";
import { strip } from "./python";
import { buildPipeline, idOf } from "./source";

const END = "<|endoftext|>";
const STAMP = /<\|\d+\.\d+\|>/g;
/** The beginning of a stamp that is spelled out in the text. */
const OPEN_STAMP = /<(?:\|(?:\d+(?:\.(?:\d+\|?)?)?)?)?$/;

export async function createWhisper(folder: Folder, config: Fields): Promise<Tokenizer> {
  const tokenizerJson = await optionalFields(folder, "tokenizer.json");
  const settings = await readSettings(folder, config, tokenizerJson);
  const { vocab, merges } = await readBpeOf(folder, tokenizerJson, "Whisper tokenizer without tokenizer.json");
  const named = namedTokens(settings, { bos_token: END, eos_token: END, unk_token: END });
  const extra = unnamedTokens(settings);
  const pipeline = buildPipeline({ settings }, named, extra, {
    preTokenizer: { type: "ByteLevel", add_prefix_space: config.add_prefix_space === true },
    model: { type: "BPE", vocab, merges, fuseUnk: false, byteFallback: false, ignoreMerges: false },
    decoder: { type: "ByteLevel" },
  });
  const unknown = idOf(pipeline, named, "unk_token");
  const id = (token: string): number => pipeline.id(token) ?? unknown;
  const special = [...named.values(), ...extra].map((token) => id(contentOf(token)));
  // In the order of the files: stamps come after the last of them.
  const firstStamp = special[special.length - 1] + 1;
  const start = id("<|startoftranscript|>");
  const previous = id("<|startofprev|>");

  const prefix = (given: DecoderPromptOptions): number[] => {
    const language = given.language ?? config.language ?? undefined;
    const task = given.task ?? config.task ?? undefined;
    const withoutStamps = given.no_timestamps ?? config.predict_timestamps !== true;
    return [
      start,
      ...(language === undefined ? [] : [start + 1 + placeOf(language)]),
      ...(task === undefined ? [] : [id(checkedTask(task))]),
      ...(withoutStamps ? [id("<|notimestamps|>")] : []),
    ];
  };

  /** What comes before the start token is a prompt, and no part of the text. */
  const withoutPrompt = (ids: readonly number[]): readonly number[] => {
    if (ids[0] !== previous) return ids;
    const at = ids.indexOf(start);
    return at < 0 ? [] : ids.slice(at);
  };

  return {
    ...around(pipeline, prefix({}), [idOf(pipeline, named, "eos_token")]),
    decode(given, { decode_with_timestamps } = {}) {
      const ids = withoutPrompt(given);
      if (!decode_with_timestamps) return pipeline.decode(ids).replace(STAMP, "");
      return decodeWithTimestamps(ids, firstStamp, (part) => pipeline.decode(part));
    },
    unsettled: OPEN_STAMP,
    speech: {
      offsets: (ids) => offsetsOf(ids, firstStamp, (part) => pipeline.decodeWithSpecial(part).replace(STAMP, "")),
      promptIds(text) {
        const ids = pipeline.encode(` ${strip(checkedText(text))}`, false);
        const wrong = ids.find((token) => token >= special[0]);
        if (wrong === undefined) return [previous, ...ids];
        const message = `The prompt has the special token ${pipeline.token(wrong)} in it.`;
        throw new ModelError("invalid_input", message);
      },
      decoderPromptIds: ({ no_timestamps = true, ...options } = {}) =>
        prefix({ ...options, no_timestamps })
          .slice(1)
          .map((token, i): [number, number] => [i + 1, token]),
    },
  };
}

/** The tokens of languages follow the start token, in this order. */
function placeOf(language: unknown): number {
  const text = String(language).toLowerCase();
  const place = [...LANGUAGES.keys()].indexOf(LANGUAGE_CODES.get(text) ?? text);
  if (place >= 0) return place;
  throw new ModelError("unsupported_option", `There is no language ${quote(language)} in Whisper's tokenizer.`);
}

function checkedTask(task: unknown): string {
  if (task === "transcribe" || task === "translate") return `<|${task}|>`;
  throw new ModelError("invalid_option", `The task of Whisper's tokenizer is ${quote(task)}: transcribe or translate.`);
}
