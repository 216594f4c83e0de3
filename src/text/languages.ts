/** From BCP 47 language tags to the codes of multilingual models: "fr", "fr_XX", "fra_Latn", ">>fra<<". */

import { ModelError, quote } from "../errors";

/** From ISO 639-1 to the ISO 639-3 code that models use; macrolanguages as in NLLB (FLORES-200). */
const ISO_639_3 = new Map(
  `aa:aar ab:abk af:afr ak:aka am:amh an:arg ar:arb as:asm av:ava ay:ayr az:azj ba:bak be:bel bg:bul bh:bho bi:bis bm:bam
  bn:ben bo:bod br:bre bs:bos ca:cat ce:che ch:cha co:cos cs:ces cv:chv cy:cym da:dan de:deu dv:div dz:dzo ee:ewe el:ell
  en:eng eo:epo es:spa et:est eu:eus fa:pes ff:fuv fi:fin fil:tgl fj:fij fo:fao fr:fra fy:fry ga:gle gd:gla gl:glg gn:grn
  gu:guj gv:glv ha:hau he:heb hi:hin hr:hrv ht:hat hu:hun hy:hye ia:ina id:ind ie:ile ig:ibo ii:iii io:ido is:isl it:ita
  iu:iku ja:jpn jv:jav ka:kat kg:kon ki:kik kk:kaz kl:kal km:khm kn:kan ko:kor kr:knc ks:kas ku:kmr kw:cor ky:kir la:lat
  lb:ltz lg:lug li:lim ln:lin lo:lao lt:lit lv:lvs mg:plt mh:mah mi:mri mk:mkd ml:mal mn:khk mr:mar ms:zsm mt:mlt my:mya
  nb:nob ne:npi nl:nld nn:nno no:nob nso:nso nv:nav ny:nya oc:oci om:gaz or:ory os:oss pa:pan pl:pol ps:pbt pt:por qu:quy
  rm:roh rn:run ro:ron ru:rus rw:kin sa:san sc:srd sd:snd se:sme sg:sag sh:hbs si:sin sk:slk sl:slv sm:smo sn:sna so:som
  sq:als sr:srp ss:ssw st:sot su:sun sv:swe sw:swh ta:tam te:tel tg:tgk th:tha ti:tir tk:tuk tl:tgl tn:tsn to:ton tr:tur
  ts:tso tt:tat tw:twi ug:uig uk:ukr ur:urd uz:uzn ve:ven vi:vie vo:vol wa:wln wo:wol xh:xho yi:ydd yo:yor za:zha zh:zho
  zu:zul`
    .split(/\s+/)
    .map((pair) => pair.split(":") as [string, string]),
);

/** Macrolanguages and their usual member. A tag or a model's code may have either. */
const MEMBERS = [
  ["ara", "arb"],
  ["aze", "azj"],
  ["est", "ekk"],
  ["fas", "pes"],
  ["ful", "fuv"],
  ["kau", "knc"],
  ["kur", "kmr"],
  ["lav", "lvs"],
  ["mlg", "plt"],
  ["mon", "khk"],
  ["msa", "zsm"],
  ["nep", "npi"],
  ["nor", "nob"],
  ["ori", "ory"],
  ["orm", "gaz"],
  ["pus", "pbt"],
  ["que", "quy"],
  ["sqi", "als"],
  ["swa", "swh"],
  ["uzb", "uzn"],
  ["yid", "ydd"],
  ["zho", "cmn"],
];

/** Languages with two names. */
const SAME = [
  ["nb", "no"],
  ["fil", "tl"],
  ["nso", "ns"],
  ["he", "iw"],
  ["id", "in"],
  ["cs", "cz"],
];

/** All codes of a language: "fr" is "fr" and "fra". */
function spellings(language: string): Set<string> {
  const out = new Set([language]);
  for (const pair of SAME) if (pair.includes(language)) for (const name of pair) out.add(name);
  for (const name of [...out]) {
    const long = ISO_639_3.get(name);
    if (long) out.add(long);
    for (const [short, other] of ISO_639_3) if (other === name) out.add(short);
  }
  for (const pair of MEMBERS) if (pair.some((name) => out.has(name))) for (const name of pair) out.add(name);
  return out;
}

/** "fr_XX" is French without a script, "zho_Hans" Chinese in simplified characters, ">>sr_Latn<<" Serbian in Latin ones. */
function parse(code: string): { language: string; script?: string; region?: string } {
  const [language, ...rest] = code.replace(/^>>|<<$|^__|__$/g, "").split(/[_-]/);
  return {
    language: language.toLowerCase(),
    script: rest.find((part) => /^[A-Za-z]{4}$/.test(part)),
    region: rest.find((part) => /^[A-Z]{2}$/.test(part)),
  };
}

function locale(tag: string): Intl.Locale | undefined {
  try {
    return new Intl.Locale(tag.replaceAll("_", "-"));
  } catch {
    return undefined;
  }
}

/** The code for a language tag among a model's codes; a code itself is taken as it is. */
export function findCode(tag: string, codes: readonly string[]): string | undefined {
  if (codes.includes(tag)) return tag;
  const wanted = locale(tag);
  if (!wanted) return undefined;
  const names = spellings(wanted.language);
  const matches = codes.filter((code) => names.has(parse(code).language));
  if (matches.length < 2) return matches[0];
  const likely = wanted.maximize();
  const score = (code: string): number => {
    const { language, script, region } = parse(code);
    const exact = language === wanted.language || language === ISO_639_3.get(wanted.language) ? 1 : 0;
    const sameScript = script === undefined ? 1 : script === likely.script ? 2 : 0;
    const sameRegion = region === undefined ? 1 : region === likely.region ? 2 : 0;
    return 100 * sameScript + 10 * sameRegion + exact;
  };
  return matches.reduce((best, code) => (score(code) > score(best) ? code : best));
}

/** @param hint which languages it does know */
export function unknownLanguage(option: string, tag: string, hint: string): ModelError {
  const message = `${option} ${quote(tag)}: this model does not know the language.`;
  return new ModelError("unsupported_option", message, hint);
}

/** @throws ModelError `unsupported_option` that lists some codes */
export function codeOf(option: string, tag: string, codes: readonly string[]): string {
  const code = findCode(tag, codes);
  if (code !== undefined) return code;
  const some = codes.slice(0, 12).join(", ");
  throw unknownLanguage(
    option,
    tag,
    codes.length === 0
      ? "It names no languages."
      : `It knows ${codes.length}: ${some}${codes.length > 12 ? ", …" : ""}.`,
  );
}

/** Whether two tags may mean the same language. */
export function sameLanguage(a: string, b: string): boolean {
  const [first, second] = [a, b].map((tag) => spellings(parse(tag).language));
  return [...first].some((name) => second.has(name));
}
