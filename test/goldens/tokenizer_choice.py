"""Which tokenizer a folder gets, and what its settings do: tokenizers/choice.json.

    python test/goldens/tokenizer_choice.py

Each case is a folder (model_type, files, settings of tokenizer_config.json) with the answers of AutoTokenizer for a few lines:
ids, and the text decoded without special tokens. `error` says that transformers refuses the folder, too.
"""

import json
import os
import tempfile
import warnings
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
warnings.simplefilter("ignore")

import transformers
from transformers import AutoTokenizer

from tokenizer_families import HERE, added, unpacked

transformers.logging.set_verbosity(transformers.logging.CRITICAL)

SP_T5 = {"spiece.model": "model:t5"}
SP = {"sentencepiece.bpe.model": "model:unigram"}
BPE = {"vocab.json": "gz:bart.vocab.json.gz", "merges.txt": "gz:bart.merges.txt.gz"}
SMALL_BPE = {"vocab.json": "gz:blenderbot-small.vocab.json.gz", "merges.txt": "gz:blenderbot-small.merges.txt.gz"}
MARIAN = {"source.spm": "model:unigram", "target.spm": "model:unigram-target", "vocab.json": "gz:marian.vocab.json.gz"}
M2M = {**SP, "vocab.json": "gz:m2m100.vocab.json.gz"}
WORDS = {"vocab.txt": "gz:bert.vocab.txt.gz"}
JSON = {"tokenizer.json": "gz:t5-json.tokenizer.json.gz"}
GENERIC = {"tokenizer.json": "gz:generic-split.tokenizer.json.gz"}
BYTES = {"tokenizer.json": "gz:generic-bytes.tokenizer.json.gz"}
BART_JSON = {"tokenizer.json": "gz:bart-json.tokenizer.json.gz"}
NLLB_JSON = {"tokenizer.json": "gz:nllb-json.tokenizer.json.gz"}

LINES = [
    "The house is small, isn't it?", "  two  spaces ", "", "a<extra_id_0>b </s> c <pad>d", "<s>Hello</s> <unk> <mask>!",
    "Ünïcödé 日本語 ßen ÉCOLE", "line\none\ttwo\r\n", "__en__ word __start__ __end__", ">>fra<< word", "<0x41>[CLS]x[SEP]", "C++ e\u0301 😀", "…12,345.67 don 't",
]  # fmt: skip

FOLDERS = {
    "t5": ("t5", SP_T5), "mt5": ("mt5", SP_T5), "umt5": ("umt5", SP_T5), "t5 json": ("t5", JSON), "mt5 json": ("mt5", JSON),
    "umt5 json": ("umt5", JSON), "t5 both": ("t5", {**SP_T5, **JSON}), "umt5 both": ("umt5", {**SP_T5, **JSON}),
    "bart": ("bart", BPE), "bart json": ("bart", BART_JSON), "bart both": ("bart", {**BPE, **BART_JSON}), "mvp": ("mvp", BPE),
    "blenderbot": ("blenderbot", BPE), "blenderbot-small": ("blenderbot-small", SMALL_BPE), "mbart": ("mbart", SP), "m2m": ("m2m_100", M2M),
    # From a SentencePiece model alone, 5.24 makes an NLLB tokenizer without languages; families/nllb.ts differs.
    "nllb json": ("m2m_100", NLLB_JSON), "marian": ("marian", MARIAN),
    "pegasus": ("pegasus", SP_T5), "plbart": ("plbart", SP), "generic": ("bart", GENERIC), "bytes": ("marian", BYTES),
    "byt5": ("t5", {}), "words": ("bart", WORDS),
}  # fmt: skip
CLASSES = {
    "t5": [None, "T5Tokenizer", "T5TokenizerFast", "MT5Tokenizer", "PreTrainedTokenizerFast", "ByT5Tokenizer"],
    "mt5": [None, "T5Tokenizer", "MT5TokenizerFast", "PegasusTokenizer"], "umt5": [None, "T5Tokenizer", "T5TokenizerFast"],
    "t5 json": [None, "T5Tokenizer", "PreTrainedTokenizerFast"], "mt5 json": [None, "T5TokenizerFast"],
    "umt5 json": [None, "T5Tokenizer"], "t5 both": [None], "umt5 both": [None, "T5Tokenizer"], "bart": [None, "BartTokenizerFast", "RobertaTokenizer", "GPT2Tokenizer"],
    "bart json": [None, "PreTrainedTokenizerFast", "BartTokenizer"], "bart both": [None], "mvp": [None], "blenderbot": [None, "BlenderbotTokenizerFast"],
    "blenderbot-small": [None, "BlenderbotSmallTokenizerFast"], "mbart": [None, "MBartTokenizerFast", "MBart50Tokenizer", "XLMRobertaTokenizer", "BarthezTokenizer", "CamembertTokenizer"],
    "m2m": [None, "M2M100Tokenizer"], "nllb json": ["NllbTokenizer", "NllbTokenizerFast"], "marian": [None, "MarianTokenizer"],
    "pegasus": [None, "PegasusTokenizerFast"], "plbart": [None, "PLBartTokenizer"], "generic": ["PreTrainedTokenizerFast", "TokenizersBackend"], "bytes": ["PreTrainedTokenizerFast"],
    "byt5": ["ByT5Tokenizer"], "words": ["BertTokenizer", "BertTokenizerFast"],
}  # fmt: skip
SETTINGS = {
    "splits special tokens": {"split_special_tokens": True},
    "cleans up": {"clean_up_tokenization_spaces": True},
    "does not clean up": {"clean_up_tokenization_spaces": False},
    "legacy": {"legacy": True},
    "not legacy": {"legacy": False, "sp_model_kwargs": {}},
    "prefix space": {"add_prefix_space": True},
    "no prefix space": {"add_prefix_space": False},
    "bos and eos": {"add_bos_token": True, "add_eos_token": True},
    "no eos": {"add_eos_token": False},
    "lower case": {"do_lower_case": True, "do_lowercase_and_remove_accent": True},
    "other tokens": {"unk_token": "<unk>", "eos_token": "</s>", "pad_token": "<pad>", "mask_token": added("<mask>", lstrip=True) | {"__type": "AddedToken"}, "additional_special_tokens": ["C++"]},
    "added token": {"added_tokens_decoder": {"2000": added("word", special=False, single_word=True, normalized=True)}},
    "no extra ids": {"extra_ids": 0},
    "three extra ids": {"extra_ids": 3},
    "lengths": {"model_max_length": 4, "padding_side": "left", "truncation_side": "left", "max_length": 3, "stride": 1},
    "no added special tokens": {"additional_special_tokens": None},
    "no extra special tokens": {"extra_special_tokens": None, "clean_up_tokenization_spaces": None},
    "tokens of one character": {"added_tokens_decoder": {"2000": added("\u00e9", special=False), "2001": added("\u65e5", special=False)}},
    "extra fields": {"name_or_path": "x", "tokenizer_file": None, "use_fast": False, "processor_class": "X", "device_map": "cpu"},
    "languages": {"src_lang": "en_XX", "tgt_lang": "fr_XX", "source_lang": "en", "target_lang": "fr"},
}  # fmt: skip
WITH_SETTINGS = (
    "t5", "bart", "bart json", "blenderbot", "blenderbot-small", "mbart", "m2m", "nllb json", "marian", "pegasus", "plbart", "generic", "byt5", "words", "umt5 json"
)  # fmt: skip


def answer(model_type, files, config):
    with tempfile.TemporaryDirectory() as folder:
        for file, content in files.items():
            Path(folder, file).write_bytes(unpacked(content))
        if config is not None:
            Path(folder, "tokenizer_config.json").write_text(json.dumps(config))
        Path(folder, "config.json").write_text(json.dumps({"model_type": model_type}))
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder)
            ids = [tokenizer(line).input_ids for line in LINES]
            return {"ids": ids, "texts": [tokenizer.decode(row, skip_special_tokens=True) for row in ids]}
        except Exception as error:  # noqa: BLE001
            return {"error": f"{type(error).__name__}: {str(error)[:60]}"}


def main():
    cases = []
    for name, (model_type, files) in FOLDERS.items():
        for given in CLASSES[name]:
            config = None if given is None else {"tokenizer_class": given}
            case = {"name": f"{name}, {given or 'no class'}", "model_type": model_type, "files": files, "config": config}
            cases.append(case | answer(model_type, files, config))
    for name in WITH_SETTINGS:
        model_type, files = FOLDERS[name]
        given = next((c for c in CLASSES[name] if c), None)
        for setting, fields in SETTINGS.items():
            if (name, setting) == ("nllb json", "languages"):
                continue  # These are codes of mBART; as a language of NLLB they would be the unknown token.
            config = {"tokenizer_class": given, **fields}
            case = {"name": f"{name}, {setting}", "model_type": model_type, "files": files, "config": config}
            cases.append(case | answer(model_type, files, config))
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    head = json.dumps({"transformers": transformers.__version__, "lines": LINES})[:-1]
    (HERE / "choice.json").write_text(f'{head}, "cases": [\n{lines}\n]}}\n', encoding="utf-8")
    print(len(cases), "cases; refused:", [(c["name"], c["error"]) for c in cases if "error" in c])


if __name__ == "__main__":
    main()
