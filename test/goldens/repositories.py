"""Folders of well-known repositories, shrunk: every file as the repository has it, with text in and text out by transformers.

    python test/goldens/repositories.py

Writes repositories/: repositories.json, and the weights, which folders of one shape share. The texts of config.json,
generation_config.json and tokenizer_config.json are the repositories'; sizes, and ids that depend on them, are those of the
small vocabularies of tokenizers/.
"""

import json
import os
import shutil
import tempfile
import warnings
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
warnings.simplefilter("ignore")

import torch
import transformers
from family_cases import classes_of
from family_weights import fill
from safetensors.torch import save_file
from tokenizer_families import added, unpacked
from transformers import AutoTokenizer
from transformers.models.nllb.tokenization_nllb import FAIRSEQ_LANGUAGE_CODES as FLORES
from wild_cases import CNN, M2M, MBART, NLLB_GENERATION, OPUS, OPUS_GENERATION, PEGASUS, T5_GENERATION, T5_SMALL, V11

torch.set_num_threads(1)
transformers.logging.set_verbosity(transformers.logging.CRITICAL)
transformers.logging.disable_progress_bar()
FOLDER = Path(__file__).parent / "repositories"
LINES = ["The house is small.", "Ünïcödé 日本語 don't, 12,345!", "  two  spaces\nand a line"]

SP_T5 = {"spiece.model": "model:t5"}
SP = {"sentencepiece.bpe.model": "model:unigram"}
NLLB_JSON = {"tokenizer.json": "gz:nllb-json.tokenizer.json.gz"}
BPE = {"vocab.json": "gz:bart.vocab.json.gz", "merges.txt": "gz:bart.merges.txt.gz"}
MARIAN = {"source.spm": "model:unigram", "target.spm": "model:unigram-target", "vocab.json": "gz:marian.vocab.json.gz"}
T5_JSON = {"tokenizer.json": "gz:t5-json.tokenizer.json.gz"}
SENTINELS = [f"<extra_id_{i}>" for i in range(100)]
T5_SPECIAL = {"special_tokens_map.json": {"additional_special_tokens": SENTINELS, "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}}
T5_CONFIG = {
    "additional_special_tokens": SENTINELS, "eos_token": "</s>", "extra_ids": 100, "model_max_length": 512, "name_or_path": "x",
    "pad_token": "<pad>", "sp_model_kwargs": {}, "special_tokens_map_file": None, "tokenizer_class": "T5Tokenizer", "unk_token": "<unk>",
}  # fmt: skip


def typed(content, **flags):
    """An added token as tokenizer_config.json has it."""
    return added(content, **flags) | {"__type": "AddedToken"}


BART_SPECIAL = {"bos_token": "<s>", "cls_token": "<s>", "eos_token": "</s>", "mask_token": typed("<mask>", lstrip=True), "pad_token": "<pad>", "sep_token": "</s>", "unk_token": "<unk>"}  # fmt: skip

SIZES = {"d_model": 8, "encoder_layers": 2, "decoder_layers": 2}
MARIAN_IDS = {
    "vocab_size": 1166, "decoder_vocab_size": 1166, "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 1165,
    "decoder_start_token_id": 1165, "bad_words_ids": [[1165]], "forced_eos_token_id": 0,
}  # fmt: skip
T5_IDS = {"vocab_size": 1128}
BART_IDS = {"vocab_size": 900}
POSITIONS = {"max_position_embeddings": 64}


def without(fields, *names):
    return {k: v for k, v in fields.items() if k not in names}


def opus(**more):
    return OPUS | MARIAN_IDS | POSITIONS | more


def opus_generation(**more):
    return OPUS_GENERATION | without(MARIAN_IDS, "vocab_size", "decoder_vocab_size") | more


def opus_tokenizer(source, target):
    return MARIAN | {"tokenizer_config.json": {"target_lang": target, "source_lang": source}}


FLAN = V11 | T5_IDS | {"feed_forward_proj": "gated-gelu", "n_positions": 512, "output_past": True}
BART_BASE = CNN | BART_IDS | POSITIONS | {"max_length": 12}
PEGASUS_IDS = {"vocab_size": 1106}
BLENDERBOT = without(CNN, "task_specific_params", "prefix", "forced_bos_token_id") | BART_IDS | POSITIONS | {
    "architectures": ["BlenderbotForConditionalGeneration"], "model_type": "blenderbot", "add_final_layer_norm": True, "normalize_before": True,
    "normalize_embedding": False, "layernorm_variant": "prelayernorm", "do_blenderbot_90_layernorm": True, "encoder_no_repeat_ngram_size": 3,
    "decoder_start_token_id": 0, "forced_eos_token_id": 2, "static_position_embeddings": False, "length_penalty": 0.65, "min_length": 6,
    "num_beams": 3, "force_bos_token_to_be_generated": False, "use_cache": True, "scale_embedding": True, "max_length": 12,
}  # fmt: skip
T5_GEN = T5_GENERATION | {"max_length": 12}
NLLB_CONFIG = {
    "bos_token": "<s>", "cls_token": "<s>", "eos_token": "</s>", "mask_token": typed("<mask>", lstrip=True),
    "name_or_path": "facebook/nllb-200-distilled-600M", "pad_token": "<pad>", "sep_token": "</s>", "src_lang": None, "tgt_lang": None,
    "tokenizer_class": "NllbTokenizer", "unk_token": "<unk>", "tokenizer_file": None, "sp_model_kwargs": {},
}  # fmt: skip

# Repository: family, config.json, generation_config.json, files of the tokenizer, and options of the call.
REPOSITORIES = {
    "Helsinki-NLP/opus-mt-en-de": ("marian", opus(), None, opus_tokenizer("eng", "deu"), {}),
    "Helsinki-NLP/opus-mt-fr-en": ("marian", opus(), opus_generation(), opus_tokenizer("fr", "en"), {}),
    "Helsinki-NLP/opus-mt-en-ROMANCE": ("marian", opus(num_beams=4), opus_generation(num_beams=4), opus_tokenizer("en", "ROMANCE"), {}),
    "Helsinki-NLP/opus-mt-tc-big-en-fr": (
        "marian", opus(torch_dtype="float16", tokenizer_class=None, share_encoder_decoder_embeddings=True), opus_generation(max_length=11),
        MARIAN | {
            "special_tokens_map.json": {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"},
            "tokenizer_config.json": {
                "source_lang": "en", "target_lang": "fr", "unk_token": "<unk>", "eos_token": "</s>", "pad_token": "<pad>", "model_max_length": 512,
                "sp_model_kwargs": {}, "separate_vocabs": False, "special_tokens_map_file": None, "name_or_path": "x", "tokenizer_class": "MarianTokenizer",
            }}, {}),
    "google-t5/t5-small": ("t5", T5_SMALL | T5_IDS, T5_GEN, SP_T5 | T5_JSON | {"tokenizer_config.json": {"model_max_length": 512}}, {}),
    "google/flan-t5-small": ("t5", FLAN | {"model_type": "t5"}, T5_GEN, SP_T5 | T5_JSON | T5_SPECIAL | {"tokenizer_config.json": T5_CONFIG}, {}),
    "google/flan-t5-base (spiece.model alone)": ("t5", FLAN | {"model_type": "t5"}, T5_GEN, SP_T5 | T5_SPECIAL | {"tokenizer_config.json": T5_CONFIG}, {}),
    "MBZUAI/LaMini-Flan-T5-77M": (
        "t5", FLAN | {"model_type": "t5", "_name_or_path": "google/flan-t5-small", "torch_dtype": "float32", "transformers_version": "4.27.0"},
        T5_GEN, T5_JSON | T5_SPECIAL | {"tokenizer_config.json": T5_CONFIG}, {}),
    "google/t5-v1_1-small": ("t5", FLAN | {"model_type": "t5", "use_cache": True}, T5_GEN, SP_T5 | T5_SPECIAL | {"tokenizer_config.json": T5_CONFIG}, {}),
    "google/mt5-small": (
        "mt5", FLAN | {"model_type": "mt5", "architectures": ["MT5ForConditionalGeneration"]}, T5_GEN,
        SP_T5 | {
            "special_tokens_map.json": {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"},
            "tokenizer_config.json": {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>", "extra_ids": 0, "additional_special_tokens": None, "special_tokens_map_file": "/home/patrick/x", "tokenizer_file": None},
        }, {}),
    "csebuetnlp/mT5_multilingual_XLSum": (
        "mt5", FLAN | {"model_type": "mt5", "length_penalty": 0.6, "max_length": 12, "num_beams": 4, "no_repeat_ngram_size": 2}, None,
        SP_T5 | {"tokenizer_config.json": {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>", "extra_ids": 0, "additional_special_tokens": None, "use_fast": False}}, {}),
    "google/umt5-small": (
        "umt5", without(FLAN, "model_type") | {"architectures": ["UMT5ForConditionalGeneration"], "dense_act_fn": "gelu_new", "is_gated_act": True, "scalable_attention": True},
        T5_GEN, SP_T5 | T5_JSON | {"tokenizer_config.json": T5_CONFIG}, {}),
    "google/byt5-small": (
        "t5", without(FLAN, "n_positions") | {"model_type": "t5", "vocab_size": 384, "tokenizer_class": "ByT5Tokenizer", "num_decoder_layers": 1, "gradient_checkpointing": False}, T5_GEN,
        {"tokenizer_config.json": {"tokenizer_class": "ByT5Tokenizer", "eos_token": typed("</s>"), "pad_token": typed("<pad>"), "unk_token": typed("<unk>"), "extra_ids": 125, "additional_special_tokens": [f"<extra_id_{i}>" for i in range(125)]}}, {}),
    "Salesforce/codet5-small": (
        "t5", T5_SMALL | {"vocab_size": 900, "pad_token_id": 1, "eos_token_id": 2, "bos_token_id": 0, "decoder_start_token_id": 1, "feed_forward_proj": "relu", "gradient_checkpointing": False, "max_length": 12}, None,
        BPE | {"tokenizer_config.json": {"tokenizer_class": "RobertaTokenizer", "model_max_length": 512, "add_prefix_space": False, "trim_offsets": True, **BART_SPECIAL}}, {}),
    "vennify/t5-base-grammar-correction": ("t5", T5_SMALL | T5_IDS | {"gradient_checkpointing": False, "use_cache": True, "torch_dtype": "float32"}, None, SP_T5 | T5_JSON | T5_SPECIAL | {"tokenizer_config.json": T5_CONFIG}, {"max_new_tokens": 8}),
    "facebook/bart-base": ("bart", BART_BASE | {"forced_bos_token_id": None, "force_bos_token_to_be_generated": False, "length_penalty": None, "min_length": None, "early_stopping": True}, None, BPE | {"tokenizer_config.json": {"model_max_length": 1024}}, {}),
    "facebook/bart-large-cnn": (
        "bart", BART_BASE, {
            "_from_model_config": True, "bos_token_id": 0, "decoder_start_token_id": 2, "early_stopping": True, "eos_token_id": 2, "forced_bos_token_id": 0,
            "forced_eos_token_id": 2, "length_penalty": 2.0, "max_length": 14, "min_length": 6, "no_repeat_ngram_size": 3, "num_beams": 4, "pad_token_id": 1,
            "transformers_version": "4.27.0.dev0"}, BPE | {"tokenizer.json": "gz:bart-json.tokenizer.json.gz"}, {}),
    "sshleifer/distilbart-cnn-12-6": ("bart", BART_BASE | {"decoder_layers": 1, "min_length": 6, "torch_dtype": "float32"}, None, BPE | {"tokenizer_config.json": {"model_max_length": 1024}}, {}),
    "Babelscape/rebel-large": (
        "bart", BART_BASE | {"classifier_dropout": 0.0, "forced_bos_token_id": None, "gradient_checkpointing": False}, None,
        BPE | {
            "added_tokens.json": {"<obj>": 900, "<subj>": 901, "<triplet>": 902}, "special_tokens_map.json": {**BART_SPECIAL, "additional_special_tokens": ["<obj>"]},
            "tokenizer_config.json": {**BART_SPECIAL, "add_prefix_space": False, "errors": "replace", "tokenizer_class": "BartTokenizer", "trim_offsets": True, "name_or_path": "x"}}, {}),
    "fnlp/bart-base-chinese": (
        "bart", BART_BASE | {"vocab_size": 1004, "bos_token_id": 2, "eos_token_id": 3, "pad_token_id": 0, "decoder_start_token_id": 3, "forced_eos_token_id": 3, "forced_bos_token_id": None, "tokenizer_class": "BertTokenizer"}, None,
        {"vocab.txt": "gz:bert.vocab.txt.gz", "tokenizer_config.json": {"do_lower_case": False, "unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]", "cls_token": "[CLS]", "mask_token": "[MASK]", "tokenize_chinese_chars": True, "strip_accents": None, "tokenizer_class": "BertTokenizer"}}, {}),
    "gogamza/kobart-base-v2": (
        "bart", BART_BASE | {"author": "x", "do_blenderbot_90_layernorm": False, "kobart_version": 2.0, "extra_pos_embeddings": 2, "tokenizer_class": "PreTrainedTokenizerFast", "forced_bos_token_id": None}, None,
        {"tokenizer.json": "gz:bart-json.tokenizer.json.gz", "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast"}, "special_tokens_map.json": {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}}, {}),
    "RUCAIBox/mvp": (
        "mvp", BART_BASE | {"model_type": "mvp", "architectures": ["MvpForConditionalGeneration"], "use_prompt": False, "prompt_length": 100, "prompt_mid_dim": 800, "forced_bos_token_id": None, "classifier_dropout": 0.0}, None,
        BPE | {"tokenizer_config.json": {"tokenizer_class": "MvpTokenizer", "add_prefix_space": False, **BART_SPECIAL}}, {}),
    "facebook/mbart-large-en-ro": ("mbart", MBART | POSITIONS | {"vocab_size": 1227, "decoder_start_token_id": 1220, "task_specific_params": {"translation_en_to_ro": {"decoder_start_token_id": 1220}}}, None, SP | {"tokenizer_config.json": {"model_max_length": 1024}}, {}),
    "facebook/mbart-large-50-many-to-many-mmt": (
        "mbart", MBART | POSITIONS | {"vocab_size": 1254, "tokenizer_class": "MBart50Tokenizer", "decoder_start_token_id": 2},
        NLLB_GENERATION | {"early_stopping": True, "forced_eos_token_id": 2, "num_beams": 5},
        SP | {"tokenizer_config.json": {"src_lang": None, "tgt_lang": None, "tokenizer_class": "MBart50Tokenizer", "language_codes": "ML50", "additional_special_tokens": None}}, {"forced_bos_token_id": 1210}),
    "moussaKam/barthez-orangesum-abstract": (
        "mbart", MBART | POSITIONS | {"vocab_size": 1205, "decoder_start_token_id": 0, "forced_eos_token_id": 2, "no_repeat_ngram_size": 3, "num_beams": 2, "tokenizer_class": "BarthezTokenizer", "task_specific_params": None}, None,
        SP | {"tokenizer_config.json": {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>", "mask_token": "<mask>"}}, {}),
    "facebook/m2m100_418M": (
        "m2m_100", M2M | POSITIONS | {"vocab_size": 1312}, NLLB_GENERATION | {"early_stopping": True, "num_beams": 5},
        SP | {"vocab.json": "gz:m2m100.vocab.json.gz", "tokenizer_config.json": {"model_max_length": 1024, "tokenizer_class": "M2M100Tokenizer", "src_lang": None, "tgt_lang": None, "num_madeup_words": 8, "special_tokens_map_file": "x"}}, {"forced_bos_token_id": 1230}),
    "facebook/nllb-200-distilled-600M": (
        "m2m_100", M2M | POSITIONS | {"vocab_size": 1704, "tokenizer_class": "NllbTokenizer", "num_beams": None, "early_stopping": None, "max_length": 200},
        NLLB_GENERATION, NLLB_JSON | {"tokenizer_config.json": NLLB_CONFIG, "special_tokens_map.json": {**BART_SPECIAL, "additional_special_tokens": FLORES}}, {"forced_bos_token_id": 1600}),
    "google/pegasus-xsum": ("pegasus", PEGASUS | PEGASUS_IDS | POSITIONS, None, SP_T5 | {"special_tokens_map.json": {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>", "mask_token": "<mask_2>"}, "tokenizer_config.json": {"model_max_length": 512, "full_tokenizer_file": None}}, {}),
    "google/pegasus-cnn_dailymail": (
        "pegasus", PEGASUS | PEGASUS_IDS | POSITIONS, {
            "bos_token_id": 0, "decoder_start_token_id": 0, "eos_token_id": 1, "forced_eos_token_id": 1, "length_penalty": 0.8, "max_length": 12,
            "min_length": 4, "num_beams": 8, "pad_token_id": 0, "transformers_version": "4.27.0.dev0"}, SP_T5, {}),
    "facebook/blenderbot-400M-distill": ("blenderbot", BLENDERBOT, None, BPE | {"tokenizer_config.json": {**BART_SPECIAL, "add_prefix_space": True, "errors": "replace", "tokenizer_class": "BlenderbotTokenizer"}}, {}),
    "facebook/blenderbot_small-90M": (
        "blenderbot-small", without(BLENDERBOT, "layernorm_variant") | {
            "model_type": "blenderbot-small", "architectures": ["BlenderbotSmallForConditionalGeneration"], "vocab_size": 1412, "bos_token_id": 1, "eos_token_id": 2,
            "pad_token_id": 0, "decoder_start_token_id": 1, "add_final_layer_norm": False, "normalize_before": False, "normalize_embedding": True}, None,
        {"vocab.json": "gz:blenderbot-small.vocab.json.gz", "merges.txt": "gz:blenderbot-small.merges.txt.gz", "tokenizer_config.json": {"unk_token": "__unk__", "bos_token": "__start__", "eos_token": "__end__", "pad_token": "__null__", "tokenizer_class": "BlenderbotSmallTokenizer"}}, {}),
    "uclanlp/plbart-base": (
        "plbart", BART_BASE | {"model_type": "plbart", "architectures": ["PLBartForConditionalGeneration"], "vocab_size": 1206, "scale_embedding": True, "forced_bos_token_id": None, "tokenizer_class": "PLBartTokenizer"}, None,
        SP | {"tokenizer_config.json": {"src_lang": None, "tgt_lang": None, "language_codes": "base", "tokenizer_class": "PLBartTokenizer"}}, {}),
}  # fmt: skip


def weights_of(family: str, config: dict) -> tuple[str, dict]:
    """The tensors of a model of this shape, in the file that all of one shape share."""
    config_class, model_class = classes_of(family)
    model = model_class(config_class(**{k: v for k, v in config.items() if v is not None})).eval()
    fill(model, seed=3)
    head = "lm_head.weight"
    tied = config.get("tie_word_embeddings") is not False
    tensors = {n: t.detach().clone() for n, t in model.state_dict().items() if "embed_tokens" not in n and n != head}
    if not tied:
        shape = model.get_parameter(head).shape
        tensors[head] = torch.randn(shape, generator=torch.Generator().manual_seed(5))
    if family in ("marian", "pegasus"):
        tensors = {n: t for n, t in tensors.items() if "embed_positions" not in n}
    parts = [family, config["vocab_size"], config.get("decoder_layers", config.get("num_decoder_layers", 2))]
    parts += ["untied"] * (not tied) + ["gated"] * any("wi_0" in n for n in tensors)
    return "-".join(map(str, parts)) + ".safetensors", {n: t.to(torch.bfloat16) for n, t in tensors.items()}


@torch.no_grad()
def answer(folder: Path, family: str, options: dict) -> dict:
    _, model_class = classes_of(family)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    kwargs = {"dtype": torch.float32, "attn_implementation": "eager", "output_loading_info": True}
    model, info = model_class.from_pretrained(folder, **kwargs)
    model.eval()
    assert all("embed_positions" in name for name in info["missing_keys"]), info
    ids = [tokenizer(line).input_ids for line in LINES]
    # One row at a time: padding changes nothing, and this needs no mask.
    out = [model.generate(torch.tensor([row]), **options)[0].tolist() for row in ids]
    return {"ids": ids, "sequences": out, "texts": [tokenizer.decode(row, skip_special_tokens=True) for row in out]}


def main() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    cases = []
    for name, (family, config, generation, files, options) in REPOSITORIES.items():
        weights, tensors = weights_of(family, config)
        path = FOLDER / weights
        if not path.exists():
            save_file(tensors, path, metadata={"format": "pt"})
        all_files = {"config.json": config, **({"generation_config.json": generation} if generation else {}), **files}
        with tempfile.TemporaryDirectory() as directory:
            for file, content in all_files.items():
                Path(directory, file).write_bytes(unpacked(content))
            shutil.copy(path, Path(directory, "model.safetensors"))
            case = {"name": name, "weights": weights, "files": all_files, "options": options}
            try:
                cases.append(case | answer(Path(directory), family, options))
            except Exception as error:  # noqa: BLE001
                print(name, type(error).__name__, str(error)[:300])
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    head = json.dumps({"transformers": transformers.__version__, "lines": LINES})[:-1]
    (FOLDER / "repositories.json").write_text(f'{head}, "cases": [\n{lines}\n]}}\n', encoding="utf-8")
    print(len(cases), "repositories", {p.name: p.stat().st_size for p in sorted(FOLDER.iterdir())})


if __name__ == "__main__":
    main()
