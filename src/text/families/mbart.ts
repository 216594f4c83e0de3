/** mBART (tokenization_mbart.py: text, end token, language) and mBART-50 (tokenization_mbart50.py: language, text, end token). */

import { contentOf, namedText, namedTokens, type Fields, type Folder, type Token } from "../folder";
import type { Tokenizer } from "../tokenizer";
import {
  additionalOf,
  buildPipeline,
  FAIRSEQ_TOKENS,
  idOf,
  maskTakesSpace,
  METASPACE,
  piecesOf,
  readSource,
  scored,
  withOneSpace,
  WORDS,
} from "./source";
import { sourceOf, withLanguages } from "./with-languages";

const CODES =
  `ar_AR cs_CZ de_DE en_XX es_XX et_EE fi_FI fr_XX gu_IN hi_IN it_IT ja_XX kk_KZ ko_KR lt_LT lv_LV my_MM ne_NP nl_XX ro_RO
  ru_RU si_LK tr_TR vi_VN zh_CN`.split(/\s+/);
const CODES_50 = CODES.concat(
  `af_ZA az_AZ bn_IN fa_IR he_IL hr_HR id_ID ka_GE km_KH mk_MK ml_IN mn_MN mr_IN pl_PL ps_AF pt_XX sv_SE sw_KE ta_IN te_IN
  th_TH tl_XX uk_UA ur_PK xh_ZA gl_ES sl_SI`.split(/\s+/),
);

export async function createMBart(folder: Folder, config: Fields, is50: boolean): Promise<Tokenizer> {
  const kind = is50 ? "mBART-50 tokenizer" : "mBART tokenizer";
  const source = await readSource(folder, config, "sentencepiece.bpe.model", kind);
  const { settings, charsmap } = source;
  const codes = is50 ? CODES_50 : CODES;
  // mBART-50 has no bos_token of its own.
  const { bos_token: _, ...without } = FAIRSEQ_TOKENS;
  const named = namedTokens(settings, is50 ? without : FAIRSEQ_TOKENS);
  maskTakesSpace(named);

  const special = ["cls_token", "pad_token", "eos_token", "unk_token"].map((name) => namedText(named, name));
  const vocab = piecesOf(source, (pieces) => [
    ...scored(special),
    ...pieces.slice(3),
    ...scored([...codes, namedText(named, "mask_token")]),
  ]);
  const additional = additionalOf(source) ?? [];
  const others = additional.filter((token) => !codes.includes(contentOf(token)));
  const extra: Token[] = settings.extra ?? (is50 ? [...additional, ...codes] : [...codes, ...others]);
  const pipeline = buildPipeline(source, named, extra, {
    normalizer: is50 ? withOneSpace(charsmap) : undefined,
    preTokenizer: is50 ? METASPACE : WORDS,
    model: { type: "Unigram", vocab, unkId: 3, byteFallback: false },
    decoder: METASPACE,
  });
  const end = idOf(pipeline, named, "eos_token");
  return withLanguages(pipeline, {
    codes,
    id: (code) => pipeline.id(code),
    source: sourceOf(config.src_lang, codes, "en_XX"),
    around: (language) => (is50 ? { before: language, after: [end] } : { before: [], after: [end, ...language] }),
  });
}
