/**
 * Classes of characters as the tokenizers library has them. Its parts use several libraries, each with the tables of its
 * own version of Unicode; this file says where they differ from Unicode 17. test/goldens/pipeline_parts.py asks the
 * library about every code point, and the tests compare every answer.
 */

/** Ranges of code points in hexadecimal, as the inside of a character class. */
const inside = (ranges: string): string =>
  ranges
    .trim()
    .split(/\s+/)
    .map((range) => range.replace(/[0-9a-f]+/g, "\\u{$&}"))
    .join("");

/** Assigned after Unicode 9. The tables of normal forms, of scripts and (with a few more) of categories do not know them. */
export const AFTER_9 = inside(`
  560 588 5ef 61d 7fd-7ff 860-89f 8b5 8be-8d3 9fc-9fe a76 afa-aff b55 c04 c3c c5c-c5d c77 c84 cdc-cdd cf3-d00 d04
  d3b-d3c d81 e86 e89 e8c e8e-e93 e98 ea0 ea8-ea9 eac eba ece 170d 1715-171f 180f 1878 1abf-1aeb 1b4c-1b4f 1b7d-1b7f
  1c89-1cbf 1cf7 1cfa 1df6-1dfa 20bf-20c1 23ff 2427-2429 2b96-2b97 2bba-2bbc 2bc9 2bd2-2beb 2bf0-2bff 2c2f 2c5f
  2e45-2e5d 2ffc-2fff 312e-312f 31bb-31bf 31e4-31ef 32ff 4db6-4dbf 9fd6-9fff a7af a7b8-a7f6 a82c a8fe-a8ff ab66-ab6b
  fbc2-fbd2 fd40-fd4f fd90-fd91 fdc8-fdcf fdfe-fdff 1019c 1032d-1032f 10570-105f3 10780-107ba 10940-10959 10a34-10a35
  10a48 10d00-10d8f 10e80-10ff6 11070-11075 110c2-110cd 11144-11147 111ce-111cf 1123f-11241 1133b 11380-113e2 1145a
  1145e-11461 116b8-116b9 116d0-116e3 1171a 11740-1183b 11900-11abf 11b00-11bf9 11d00-11fff 12f90-12ff2 1342f-143fa
  16100-16139 16a70-16ac9 16d40-16ed3 16f45-16f4f 16f7f-16f87 16fe1-16ff6 187ed-187ff 18af3-1affe 1b002-1b2fb
  1cc00-1cfc3 1d1e9-1d1ea 1d2c0-1d2f3 1d372-1d378 1df00-1df2a 1e030-1e7fe 1e94b 1ec71-1ed3d 1f10d-1f10f 1f12f
  1f16c-1f16f 1f1ad 1f260-1f265 1f6d3-1f6df 1f6f7-1f6fc 1f774-1f77f 1f7d5-1f7f0 1f8b0-1f90f 1f91f 1f928-1f92f
  1f931-1f932 1f93f 1f94c-1f94f 1f95f-1f97f 1f992-1f9bf 1f9c1-1fbfa 2a6d7-2a6df 2b735-2b73f 2cea2-2ee5d 30000-33479`);

/** Assigned in Unicode 17. The two libraries of regular expressions do not know them. */
const AFTER_16 = inside(`
  88f c5c cdc 1acf-1aeb 20c1 2b96 a7ce-a7cf a7d2 a7d4 a7f1 fbc3-fbd2 fd90-fd91 fdc8-fdce 10940-10959 10ec5-10efb
  11b60-11b67 11db0-11de9 16ea0-16ed3 16ff2-16ff6 187f8-187ff 18d09-18df2 1ccfa-1ccfc 1ceba-1cef0 1e6c0-1e6ff 1f6d8
  1f777-1f77a 1f8d0-1f8d8 1fa54-1fa57 1fa8a-1fa8e 1fac8-1facd 1faea-1faef 1fbfa 2b73a-2b73f 2cea2-2cead 323b0-33479`);

/** A class of characters without those that Unicode 16 does not know. */
export const inUnicode16 = (members: string): string => `[[${members}]--[${AFTER_16}]]`;

/** `char::is_whitespace` of Rust, and `\s` of both libraries of regular expressions. */
export const SPACE = "\\p{White_Space}";

/** `\w` of the crate `regex`. */
export const WORD = inUnicode16("\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}");

/** `is_ascii_punctuation` or `is_punctuation` of the crate `unicode_categories`, which has the tables of Unicode 8. */
export const PUNCTUATION = `[${inside("21-2f 3a-40 5b-60 7b-7e 166d 111c9")}[\\p{P}--[${AFTER_9}${inside(
  "2e43-2e44 1144b-1144f 1145b 1145d 11660-1166c 11c41-11c45 11c70-11c71 1e95e-1e95f",
)}]]]`;

/** `is_mark_nonspacing` of `unicode_categories`. */
export const NONSPACING_MARK = `[${inside("1734 1171e")}[\\p{Mn}--[${AFTER_9}${inside(
  `8d4-8e1 1885-1886 1dfb a8c5 a9bd 111c9 1123e 11438-1143f 11442-11446 11c30-11c3f 11c92-11cb6 1e000-1e02a
   1e944-1e94a`,
)}]]]`;

/** `is_other` of `unicode_categories`, without the three that the library takes for white space. */
export const CONTROL = `[[\\p{Cc}\\p{Cf}\\p{Co}]--[${AFTER_9}${inside("9-a d 8e2")}]]`;

/** `is_combining_mark` of the crate `unicode-normalization-alignments`. */
export const COMBINING_MARK = `[${inside("1cf2-1cf3")}[\\p{M}--[${AFTER_9}${inside("111c9")}]]]`;

const unknownToForms = new RegExp(`[${AFTER_9}]`, "v");
const betweenUnknown = new RegExp(`([${AFTER_9}])`, "v");

/** A normal form by the tables of Unicode 9: a later character has no decomposition and no combining class. */
export function normalForm(text: string, form: "NFC" | "NFD" | "NFKC" | "NFKD"): string {
  if (!unknownToForms.test(text)) return text.normalize(form);
  return text
    .split(betweenUnknown)
    .map((part, i) => (i % 2 === 1 ? part : part.normalize(form)))
    .join("");
}

/** Character by character, so that a sigma at the end of a word is treated like any other. */
export const lowercase = (text: string): string => text.replaceAll("\u03a3", "\u03c3").toLowerCase();

const SCRIPTS =
  `Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak Bengali Bhaiksuki Bopomofo Brahmi
  Braille Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian Chakma Cham Cherokee Common Coptic Cuneiform Cypriot
  Cyrillic Deseret Devanagari Duployan Egyptian_Hieroglyphs Elbasan Ethiopic Georgian Glagolitic Gothic Grantha Greek
  Gujarati Gurmukhi Han Hangul Hanunoo Hatran Hebrew Hiragana Imperial_Aramaic Inherited Inscriptional_Pahlavi
  Inscriptional_Parthian Javanese Kaithi Kannada Katakana Kayah_Li Kharoshthi Khmer Khojki Khudawadi Lao Latin Lepcha Limbu
  Linear_A Linear_B Lisu Lycian Lydian Mahajani Malayalam Mandaic Manichaean Marchen Meetei_Mayek Mende_Kikakui
  Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi Mongolian Mro Multani Myanmar Nabataean New_Tai_Lue Newa Nko Ogham Ol_Chiki
  Old_Hungarian Old_Italic Old_North_Arabian Old_Permic Old_Persian Old_South_Arabian Old_Turkic Oriya Osage Osmanya
  Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician Psalter_Pahlavi Rejang Runic Samaritan Saurashtra Sharada Shavian
  Siddham SignWriting Sinhala Sora_Sompeng Sundanese Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Takri Tamil
  Tangut Telugu Thaana Thai Tibetan Tifinagh Tirhuta Ugaritic Vai Warang_Citi Yi`.split(/\s+/);

let patterns: [script: string, pattern: RegExp][] | undefined;
const scripts = new Map<string, string>([
  // The space goes with any script. The others have changed since Unicode 9, but for the last, which the library moves.
  [" ", "Any"],
  ["\u0589", "Common"],
  ["\u061c", "Common"],
  ["\u0953", "Devanagari"],
  ["\u0954", "Devanagari"],
  ["\u30fc", "Han"],
]);

/** `fixed_script` of the library: Unicode 9, with the kana counted as Han; "Any" for a code point without a script. */
export function scriptOf(character: string): string {
  let script = scripts.get(character);
  if (script !== undefined) return script;
  patterns ??= SCRIPTS.map((name) => [name, new RegExp(`^[\\p{Script=${name}}--[${AFTER_9}]]$`, "v")]);
  script = patterns.find(([, pattern]) => pattern.test(character))?.[0] ?? "Any";
  if (script === "Hiragana" || script === "Katakana") script = "Han";
  scripts.set(character, script);
  return script;
}
