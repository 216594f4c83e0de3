"""Adds to tokenizers/: folders that have the files of a tokenizer but no tokenizer.json, and classes that leave most of one unread.

    python test/goldens/tokenizer_files.py           # makes the folders, then writes every answer
    python test/goldens/tokenizer_files.py answers   # keeps the folders
    python test/goldens/tokenizer_files.py answers bert gpt2

The list is tokenizers/files.json, in the form of folders.json; answers are as tokenizer_families.py describes them. The class
of each folder is the one that AutoTokenizer takes.
"""

import json
import sys
import tempfile
from pathlib import Path

from transformers import AutoTokenizer

from tokenizer_families import HERE, added, opened, packed, saved, training_lines, unpacked, write

BART = {"vocab.json": "gz:bart.vocab.json.gz", "merges.txt": "gz:bart.merges.txt.gz"}
XLM_R = {"sentencepiece.bpe.model": "model:unigram"}
DEFINED = {"sentencepiece.bpe.model": "model:unigram-defined"}


def vocab_txt():
    """A vocabulary that WordPieceTrainer makes, with an empty line, a repeated one and white space at the end of one."""
    from tokenizers import BertWordPieceTokenizer

    tokenizer = BertWordPieceTokenizer(strip_accents=False, lowercase=False)
    tokenizer.train_from_iterator(training_lines(), vocab_size=1000, limit_alphabet=400, show_progress=False)
    lines = [token for token, _ in sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])]
    return "\n".join([*lines, "", lines[500], "over  ", "##over\t"]) + "\n"


def folders():
    bert = {"vocab.txt": packed("bert.vocab.txt", vocab_txt())}
    cls = {"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}]}
    cls |= {"pair": cls["single"], "special_tokens": {"</s>": {"id": "</s>", "ids": [2], "tokens": ["</s>"]}}}

    def from_json(name, model_class, files, config):
        """The tokenizer.json that such a folder is saved as, with parts in it that its class does not read."""
        import gzip

        stored = saved(name, opened(model_class, files))["tokenizer.json"]
        file = HERE / stored[3:]
        text = json.loads(gzip.decompress(file.read_bytes()))
        text |= {"normalizer": text["normalizer"] or {"type": "Lowercase"}, "post_processor": cls}
        packed(stored[3 : -len(".gz")], json.dumps(text, ensure_ascii=False, separators=(",", ":")))
        return {"tokenizer.json": stored, "tokenizer_config.json": config}

    from transformers import BarthezTokenizer, CamembertTokenizer, GPT2Tokenizer

    return {
        "bert": ["BertTokenizer", bert],
        "bert-cased": ["BertTokenizer", {
            **bert, "tokenizer_config.json": {
                "do_lower_case": False, "tokenize_chinese_chars": False, "clean_up_tokenization_spaces": True, "unk_token": "[MASK]",
                "added_tokens_decoder": {"4": added("[MASK]", lstrip=True), "1100": added("C++", special=False)},
            },
        }],
        "bert-accents": ["BertTokenizer", {
            **bert, "tokenizer_config.json": {"strip_accents": False, "split_special_tokens": True, "extra_special_tokens": ["<sep>"]},
        }],
        "gpt2": ["GPT2Tokenizer", BART],
        "gpt2-bos": ["GPT2Tokenizer", {
            **BART, "tokenizer_config.json": {"add_bos_token": True, "bos_token": "<s>", "add_prefix_space": True, "eos_token": "</s>"},
        }],
        "gpt2-json": ["GPT2Tokenizer", from_json("gpt2-json", GPT2Tokenizer, BART, {"pad_token": "<pad>"})],
        "led": ["LEDTokenizer", BART],
        "longformer": ["LongformerTokenizer", {
            **BART, "tokenizer_config.json": {"add_prefix_space": True, "split_special_tokens": True},
        }],
        "xlm-roberta": ["XLMRobertaTokenizer", XLM_R],
        "xlm-roberta-defined": ["XLMRobertaTokenizer", {**DEFINED, "tokenizer_config.json": {"add_prefix_space": False, "mask_token": "<m>"}}],
        "camembert": ["CamembertTokenizer", XLM_R],
        "camembert-json": ["CamembertTokenizer", from_json("camembert-json", CamembertTokenizer, DEFINED, {})],
        "barthez": ["BarthezTokenizer", XLM_R],
        "barthez-json": ["BarthezTokenizer", from_json("barthez-json", BarthezTokenizer, XLM_R, {"mask_token": "<mask>"})],
        "barthez-bos": ["BarthezTokenizer", {
            **XLM_R, "tokenizer_config.json": {"add_bos_token": True, "add_eos_token": True, "clean_up_tokenization_spaces": True},
        }],
    }  # fmt: skip


def auto(name, files):
    with tempfile.TemporaryDirectory() as folder:
        for file, content in files.items():
            Path(folder, file).write_bytes(unpacked(content))
        config = Path(folder, "tokenizer_config.json")
        own = json.loads(config.read_text()) if config.exists() else {}
        config.write_text(json.dumps({**own, "tokenizer_class": name}))
        Path(folder, "config.json").write_text('{"model_type": "bart"}')
        return AutoTokenizer.from_pretrained(folder)


if __name__ == "__main__":
    wanted = [arg for arg in sys.argv[1:] if arg != "answers"]
    if "answers" not in sys.argv:
        text = json.dumps({name: dict(zip(("class", "files"), folder)) for name, folder in folders().items()}, indent=1)
        (HERE / "files.json").write_text(text + "\n", encoding="utf-8")
    for name, folder in json.loads((HERE / "files.json").read_text(encoding="utf-8")).items():
        if wanted and name not in wanted:
            continue
        tokenizer = auto(folder["class"], folder["files"])
        write(
            f"hf-{name}",
            lambda line: tokenizer(line).input_ids,
            lambda ids: tokenizer.decode(ids, skip_special_tokens=True),
            len(tokenizer),
        )
