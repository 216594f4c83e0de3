/** Tokens to words: `_combine_tokens_into_words` of transformers. */

/** What is needed of a tokenizer: text as it is, with the text of special tokens in it. */
export interface WordTokenizer {
  decode(ids: readonly number[]): string;
  /** End of text: this token and those after it are special. */
  readonly eot: number;
}

/** A word and the places of its tokens. */
export interface Word {
  text: string;
  indices: number[];
  /** Those of the word itself, without punctuation that was joined to it. */
  own: number[];
}

const WITHOUT_SPACES = new Set(["chinese", "japanese", "thai", "lao", "myanmar", "cantonese"]);
const PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
const PREPENDED = "\"'“¡¿([{-";
const APPENDED = "\"'.。,，!！?？:：”)]}、";
const INVALID = "\ufffd";

/** @param language the English name, in lower case, such as "french" */
export function wordsOf(tokenizer: WordTokenizer, tokens: readonly number[], language = "english"): Word[] {
  const characters = byCharacters(tokenizer, tokens);
  const words = WITHOUT_SPACES.has(language) ? characters : bySpaces(characters, tokens, tokenizer.eot);
  return joinPunctuation(words);
}

/** Groups of tokens whose bytes are whole characters. */
function byCharacters(tokenizer: WordTokenizer, tokens: readonly number[]): Word[] {
  // Python counts characters, JavaScript units of UTF-16.
  const whole = [...tokenizer.decode(tokens)];
  const words: Word[] = [];
  let indices: number[] = [];
  let offset = 0;
  tokens.forEach((_, index) => {
    indices.push(index);
    const text = tokenizer.decode(indices.map((i) => tokens[i]));
    const characters = [...text];
    const at = characters.indexOf(INVALID);
    // A character that stays invalid in the whole text is not waited for.
    if (at >= 0 && offset + at < whole.length && whole[offset + at] !== INVALID) return;
    words.push({ text, indices, own: indices });
    indices = [];
    offset += characters.length;
  });
  return words;
}

/** A group opens a word if it begins with a space, is punctuation or special; else it goes on with the last one. */
function bySpaces(groups: readonly Word[], tokens: readonly number[], eot: number): Word[] {
  const words: Word[] = [];
  for (const { text, indices } of groups) {
    const opens = tokens[indices[0]] >= eot || text.startsWith(" ") || PUNCTUATION.includes(strip(text));
    const last = words.at(-1);
    if (opens || !last) words.push({ text, indices: [...indices], own: [...indices] });
    else {
      last.text += text;
      last.indices.push(...indices);
      last.own.push(...indices);
    }
  }
  return words;
}

/** Opening marks go to the word after them, closing ones to the word before. "" counts as both, as it does there. */
function joinPunctuation(given: readonly Word[]): Word[] {
  const words = given.map((word) => ({ ...word }));
  const into = (to: Word, from: Word, text: string, indices: number[]): void => {
    Object.assign(to, { text, indices });
    Object.assign(from, { text: "", indices: [] });
  };
  for (let i = words.length - 2, j = words.length - 1; i >= 0; i--) {
    const [mark, word] = [words[i], words[j]];
    if (mark.text.startsWith(" ") && PREPENDED.includes(strip(mark.text)))
      into(word, mark, mark.text + word.text, [...mark.indices, ...word.indices]);
    else j = i;
  }
  for (let i = 0, j = 1; j < words.length; j++) {
    const [word, mark] = [words[i], words[j]];
    if (!word.text.endsWith(" ") && APPENDED.includes(mark.text))
      into(word, mark, word.text + mark.text, [...word.indices, ...mark.indices]);
    else i = j;
  }
  return words.filter(({ text }) => text !== "");
}

/**
 * How probable a word is, as openai-whisper has it (`find_alignment` and `merge_punctuations` of timing.py): the mean of its own
 * tokens.
 * @param probs of all tokens that `indices` count
 */
export const probabilityOf = ({ own }: Word, probs: readonly number[]): number =>
  own.reduce((sum, index) => sum + probs[index], 0) / own.length;

/** White space as Python has it: with four separators, and without U+FEFF, which JavaScript trims. */
const isSpace = (unit: string): boolean => /[\p{White_Space}]/u.test(unit) || (unit >= "\u001c" && unit <= "\u001f");

function strip(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isSpace(text[start])) start++;
  while (start < end && isSpace(text[end - 1])) end--;
  return text.slice(start, end);
}
