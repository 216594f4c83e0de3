/**
 * NLLB (tokenization_nllb.py): BPE; language, text, end token, or, as before 2023, text, end token, language.
 *
 * Unlike in transformers 5.24, a folder whose only file is the SentencePiece model has the 200 languages: there it has none, so
 * that every language is the unknown token.
 */

import { contentOf, namedText, namedTokens, type Fields, type Folder, type Token } from "../folder";
import type { ModelProto } from "../sentencepiece/proto";
import type { Tokenizer } from "../tokenizer";
import { readBpe } from "./model-json";
import { buildPipeline, FAIRSEQ_TOKENS, idOf, maskTakesSpace, METASPACE, readSource, withOneSpace } from "./source";
import { sourceOf, withLanguages } from "./with-languages";

export async function createNllb(folder: Folder, config: Fields): Promise<Tokenizer> {
  const source = await readSource(folder, config, "sentencepiece.bpe.model", "NLLB tokenizer");
  const { settings, charsmap, tokenizerJson, proto } = source;
  const named = namedTokens(settings, FAIRSEQ_TOKENS);
  maskTakesSpace(named);
  const { vocab, merges } = tokenizerJson ? readBpe(tokenizerJson) : fromPieces(proto!, named);
  const extra: readonly Token[] = settings.extra ?? settings.additional ?? FLORES_200;
  const pipeline = buildPipeline(source, named, extra, {
    normalizer: charsmap === undefined ? undefined : withOneSpace(charsmap),
    preTokenizer: METASPACE,
    model: {
      type: "BPE",
      vocab,
      merges,
      unkToken: namedText(named, "unk_token"),
      fuseUnk: true,
      byteFallback: false,
      ignoreMerges: false,
    },
    decoder: METASPACE,
  });
  const end = idOf(pipeline, named, "eos_token");
  const codes = extra.map(contentOf).filter((token) => /^[a-z]{3}_[A-Z][a-z]{3}$/.test(token));
  const known = codes.length > 0 ? codes : FLORES_200.filter((code) => pipeline.id(code) !== undefined);
  const legacy = config.legacy_behaviour === true;
  return withLanguages(pipeline, {
    codes: known,
    id: (code) => pipeline.id(code),
    source: sourceOf(config.src_lang, known, "eng_Latn"),
    around: (language) => (legacy ? { before: [], after: [end, ...language] } : { before: language, after: [end] }),
  });
}

/** `SentencePieceExtractor` and `NllbConverter.convert_from_spm`: pieces in order, special tokens first, merges made up. */
function fromPieces({ pieces }: ModelProto, named: ReadonlyMap<string, Token>) {
  const ranks = new Map(pieces.map(({ piece }, id) => [piece, id]));
  const special = ["bos_token", "pad_token", "eos_token", "unk_token"].map((name) => namedText(named, name));
  const all = new Set([...special, ...pieces.map(({ piece }) => piece)]);
  return { vocab: new Map([...all].map((token, id) => [token, id])), merges: mergesOf(ranks) };
}

/** `generate_merges`: every way to make a piece of two others; the order of the pieces ranks them. */
function mergesOf(ranks: ReadonlyMap<string, number>): [string, string][] {
  const merges: { left: string; right: string; rank: number; lengths: [number, number] }[] = [];
  for (const [piece, rank] of ranks) {
    const characters = [...piece];
    const own: typeof merges = [];
    for (let i = 1; i < characters.length; i++) {
      const [left, right] = [characters.slice(0, i).join(""), characters.slice(i).join("")];
      if (ranks.has(left) && ranks.has(right)) own.push({ left, right, rank, lengths: [i, characters.length - i] });
    }
    own.sort((a, b) => ranks.get(a.left)! - ranks.get(b.left)! || ranks.get(a.right)! - ranks.get(b.right)!);
    merges.push(...own);
  }
  merges.sort((a, b) => a.rank - b.rank || a.lengths[0] - b.lengths[0] || a.lengths[1] - b.lengths[1]);
  return merges.map(({ left, right }) => [left, right]);
}

/** The languages of FLORES-200 (the NLLB paper, table 1), in the order of NLLB's vocabulary. */
const FLORES_200 =
  `ace_Arab ace_Latn acm_Arab acq_Arab aeb_Arab afr_Latn ajp_Arab aka_Latn amh_Ethi apc_Arab arb_Arab ars_Arab ary_Arab
  arz_Arab asm_Beng ast_Latn awa_Deva ayr_Latn azb_Arab azj_Latn bak_Cyrl bam_Latn ban_Latn bel_Cyrl bem_Latn
  ben_Beng bho_Deva bjn_Arab bjn_Latn bod_Tibt bos_Latn bug_Latn bul_Cyrl cat_Latn ceb_Latn ces_Latn cjk_Latn
  ckb_Arab crh_Latn cym_Latn dan_Latn deu_Latn dik_Latn dyu_Latn dzo_Tibt ell_Grek eng_Latn epo_Latn est_Latn
  eus_Latn ewe_Latn fao_Latn pes_Arab fij_Latn fin_Latn fon_Latn fra_Latn fur_Latn fuv_Latn gla_Latn gle_Latn
  glg_Latn grn_Latn guj_Gujr hat_Latn hau_Latn heb_Hebr hin_Deva hne_Deva hrv_Latn hun_Latn hye_Armn ibo_Latn
  ilo_Latn ind_Latn isl_Latn ita_Latn jav_Latn jpn_Jpan kab_Latn kac_Latn kam_Latn kan_Knda kas_Arab kas_Deva
  kat_Geor knc_Arab knc_Latn kaz_Cyrl kbp_Latn kea_Latn khm_Khmr kik_Latn kin_Latn kir_Cyrl kmb_Latn kon_Latn
  kor_Hang kmr_Latn lao_Laoo lvs_Latn lij_Latn lim_Latn lin_Latn lit_Latn lmo_Latn ltg_Latn ltz_Latn lua_Latn
  lug_Latn luo_Latn lus_Latn mag_Deva mai_Deva mal_Mlym mar_Deva min_Latn mkd_Cyrl plt_Latn mlt_Latn mni_Beng
  khk_Cyrl mos_Latn mri_Latn zsm_Latn mya_Mymr nld_Latn nno_Latn nob_Latn npi_Deva nso_Latn nus_Latn nya_Latn
  oci_Latn gaz_Latn ory_Orya pag_Latn pan_Guru pap_Latn pol_Latn por_Latn prs_Arab pbt_Arab quy_Latn ron_Latn
  run_Latn rus_Cyrl sag_Latn san_Deva sat_Beng scn_Latn shn_Mymr sin_Sinh slk_Latn slv_Latn smo_Latn sna_Latn
  snd_Arab som_Latn sot_Latn spa_Latn als_Latn srd_Latn srp_Cyrl ssw_Latn sun_Latn swe_Latn swh_Latn szl_Latn
  tam_Taml tat_Cyrl tel_Telu tgk_Cyrl tgl_Latn tha_Thai tir_Ethi taq_Latn taq_Tfng tpi_Latn tsn_Latn tso_Latn
  tuk_Latn tum_Latn tur_Latn twi_Latn tzm_Tfng uig_Arab ukr_Cyrl umb_Latn urd_Arab uzn_Latn vec_Latn vie_Latn
  war_Latn wol_Latn xho_Latn ydd_Hebr yor_Latn yue_Hant zho_Hans zho_Hant zul_Latn`.split(/\s+/);
