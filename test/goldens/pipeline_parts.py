"""Makes pipeline/: one tokenizer.json for each part and setting of the tokenizers library, and what transformers makes of it.

    python test/goldens/pipeline_parts.py                # trains the vocabularies anew, then writes every answer
    python test/goldens/pipeline_parts.py answers        # keeps the vocabularies
    python test/goldens/pipeline_parts.py answers split  # only cases with "split" in their name

Each case of pipeline/cases.json.gz is a tokenizer.json whose vocabulary is a name ("@words", see vocabularies.json.gz), with a
tokenizer_config.json where there is one, and answers as in tokenizers/ (see tokenizer_families.py), with a digest for 400 lines.

Most cases have the model "bytes": BPE without merges, with a token for each byte and a suffix for the last character of a
word. Its ids tell every character and where words end, so that nothing a normalizer or a pre-tokenizer does is hidden; what
is decoded from them has no digest. unicode.json.gz is about every code point: digests of what a part makes of 4,096 of them at a time.
"""

import gzip
import json
import sys
import tempfile
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from corpus import Random
from tokenizer_families import LINES, added, digest, model_bytes, pb, training_lines

HERE = Path(__file__).parent / "pipeline"
BLOCK = 400
BEHAVIORS = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]


# Vocabularies -------------------------------------------------------------------------------------------------------------


def bpe_vocabulary(**settings):
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", **settings))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    # An alphabet that leaves rare characters out, so that some are unknown.
    trainer = trainers.BpeTrainer(
        vocab_size=800, limit_alphabet=300, special_tokens=["<unk>"], show_progress=False, **settings
    )
    tokenizer.train_from_iterator(training_lines(), trainer)
    model = json.loads(tokenizer.to_str())["model"]
    return {"vocab": model["vocab"], "merges": model["merges"]}


def vocabularies():
    """Of each name the fields of a tokenizer.json's model that are large."""
    byte_tokens = [f"<0x{i:02X}>" for i in range(256)]
    out = {"bytes": {"vocab": {token: i for i, token in enumerate(["<unk>", "<s>", "</s>", *byte_tokens])}, "merges": []}}
    out["bpe"] = bpe_vocabulary()
    out["bpe-prefix"] = bpe_vocabulary(continuing_subword_prefix="##")
    out["bpe-suffix"] = bpe_vocabulary(end_of_word_suffix="</w>")
    out["bpe-both"] = bpe_vocabulary(continuing_subword_prefix="@@", end_of_word_suffix="</w>")
    plain = out["bpe"]
    out["bpe-bytes"] = {
        "vocab": {token: i for i, token in enumerate([*plain["vocab"], *byte_tokens, "dogs", "zzz", "ex"])},
        "merges": plain["merges"],
    }
    words = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.train_from_iterator(
        training_lines(), trainers.WordLevelTrainer(vocab_size=400, special_tokens=["[UNK]"], show_progress=False)
    )
    out["words"] = {"vocab": json.loads(words.to_str())["model"]["vocab"]}
    pieces = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    pieces.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.WordPieceTrainer(
        vocab_size=900, limit_alphabet=400, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], show_progress=False
    )
    pieces.train_from_iterator(training_lines(), trainer)
    out["pieces"] = {"vocab": json.loads(pieces.to_str())["model"]["vocab"]}
    model = pb.ModelProto()
    model.ParseFromString(model_bytes("unigram-plain"))
    unigram = [["<unk>", 0.0], ["<s>", 0.0], ["</s>", 0.0]] + [[token, -9.5] for token in byte_tokens]
    out["unigram"] = {"vocab": unigram + [[p.piece, round(p.score, 4)] for p in model.pieces if p.type == 1]}
    # Tokens that a decoder has rules for.
    special = ["<unk>", "<pad>", "|", "\u2581", "\u2581\u2581", " ", "##", "</w>", "a</w>", "</w>b", "##ing", "do", "not", "n't", "'m"]
    special += ["'s", "'ve", "'re", ".", "?", "!", ",", "'", " .", " do not", "do not", "\u2581the", "x\u2581y", "#", "##.", "  a  "]
    special += ["H\u0120e", "\u0120the", "\u00c3", "\u00a9", "\u00e2\u0124", "\u00ac", "\u65e5\u672c", "<0xE2>", "<0x82>", "<0xAC>", "<0x41>", "<0x+F>"]
    special += ["<0xgg>", "<0xC3>", "<0xff>", "aa", "a", "|a|", "<pad>a", "\U0001f600", "e\u0301", "ll", "l", "ae"]
    out["decoded"] = {"vocab": {token: i for i, token in enumerate(special)}}
    return out


# Cases --------------------------------------------------------------------------------------------------------------------

BYTES = {"type": "BPE", "unk_token": "<unk>", "end_of_word_suffix": "\u0001", "byte_fallback": True, "vocab": "@bytes"}
DECODED = {"type": "WordLevel", "unk_token": "<unk>", "vocab": "@decoded"}
SPACES = {"type": "WhitespaceSplit"}
ROUGH = {"type": "Whitespace"}
OWN = [{"id": i, **added(token)} for i, token in enumerate(["<unk>", "<s>", "</s>"])]


def metaspace(scheme="always", split=True, **more):
    return {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": scheme, "split": split, **more}


def replace(pattern, content, kind="Regex"):
    return {"type": "Replace", "pattern": {kind: pattern}, "content": content}


def split(pattern, behavior, invert=False, kind="Regex"):
    return {"type": "Split", "pattern": {kind: pattern}, "behavior": behavior, "invert": invert}


def sequence(key, *parts):
    return {"type": "Sequence", key: list(parts)}


def bert(clean=True, chinese=True, accents=None, lower=True):
    return {
        "type": "BertNormalizer", "clean_text": clean, "handle_chinese_chars": chinese, "strip_accents": accents, "lowercase": lower,
    }  # fmt: skip


NORMALIZERS = {
    **{name.lower(): {"type": name} for name in ("NFC", "NFD", "NFKC", "NFKD", "Nmt", "Lowercase", "StripAccents", "ByteLevel")},
    "nfd-accents": sequence("normalizers", {"type": "NFD"}, {"type": "StripAccents"}, {"type": "Lowercase"}),
    "bert": bert(),
    "bert-cased": bert(lower=False),
    "bert-accents-only": bert(False, False, True, False),
    "bert-keeps-accents": bert(accents=False),
    "bert-chinese-only": bert(False, True, False, False),
    "bert-clean-only": bert(True, False, False, False),
    "strip": {"type": "Strip", "strip_left": True, "strip_right": True},
    "strip-left": {"type": "Strip", "strip_left": True, "strip_right": False},
    "strip-right": {"type": "Strip", "strip_left": False, "strip_right": True},
    "prepend": {"type": "Prepend", "prepend": "\u2581x"},
    "replace-text": replace("e", "<E>", "String"),
    "replace-special": replace("..", "$&", "String"),
    "replace-regex": replace("\\s{2,}|[\\n\\r\\t]", " "),
    "replace-nothing": replace("(?=\\p{Lu})", "_"),
    "precompiled": {"type": "Precompiled", "precompiled_charsmap": "@nmt_nfkc"},
    "precompiled-strip": sequence(
        "normalizers", {"type": "Precompiled", "precompiled_charsmap": "@nmt_nfkc"},
        {"type": "Strip", "strip_left": False, "strip_right": True}, replace(" {2,}", "\u2581"),
    ),
}

# Patterns that tokenizers of the Hub have, and some for what Oniguruma reads otherwise than JavaScript.
PATTERNS = {
    "gpt2": r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    "llama3": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    "o200k": r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    "possessive": r"[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
    "classes": r"[\w&&[^\d_]]+|[[:punct:]]+|[[:^alpha:]&&[^\s]]|\h{2}",
    "anchors": r"^\w|\w$|\b\p{Han}+\b|\B\p{Lu}|\A.|.\z",
    "scripts": r"\p{Han}+|\p{Hiragana}|\p{^L}\P{Latin}|\p{Alpha}\p{Punct}|\R",
    "atomic": r"(?>a+|an)n|(?<=e)r|(?<!t)h|\u00e9|\x61b|\x{65E5}|(?m:a.b)|(?x: c a # t" + "\n)",
    "empty": r"(?=[A-Z\d])|x*",
    "dot": r".{3}|e{,2}r|(?:o|u){1,2}?n",
    "folded": r"(?i)[a-f]k|(?-i:the)|[^a-y\s]+",
}
PRE_TOKENIZERS = {
    "whitespace": ROUGH,
    "whitespace-split": SPACES,
    "bert": {"type": "BertPreTokenizer"},
    **{f"punctuation-{b.lower()}": {"type": "Punctuation", "behavior": b} for b in BEHAVIORS},
    **{f"split-{b.lower()}": split(r"[aeiou\d]+", b) for b in BEHAVIORS},
    **{f"split-{b.lower()}-inverted": split(r"[\p{L}\p{M}]", b, True) for b in BEHAVIORS},
    **{f"split-text-{b.lower()}": split(" ", b, kind="String") for b in BEHAVIORS},
    "split-text-hyphen": split("-", "Isolated", kind="String"),
    **{f"pattern-{name}": split(pattern, "Isolated") for name, pattern in PATTERNS.items()},
    "delimiter": {"type": "CharDelimiterSplit", "delimiter": "e"},
    "delimiter-space": {"type": "CharDelimiterSplit", "delimiter": " "},
    "digits": {"type": "Digits", "individual_digits": False},
    "digits-individual": {"type": "Digits", "individual_digits": True},
    "scripts": {"type": "UnicodeScripts"},
    "scripts-words": sequence("pretokenizers", SPACES, {"type": "UnicodeScripts"}),
    **{f"metaspace-{scheme}": metaspace(scheme) for scheme in ("always", "first", "never")},
    "metaspace-whole": metaspace("first", False),
    "metaspace-old": {"type": "Metaspace", "replacement": "_", "add_prefix_space": True},
    "metaspace-dot": metaspace(replacement="."),
    "metaspace-words": sequence("pretokenizers", SPACES, metaspace("first")),
    "byte-level": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
    "byte-level-bare": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": True},
    "byte-level-whole": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": False},
    "fixed-length": {"type": "FixedLength", "length": 3},
    "sequence": sequence(
        "pretokenizers", {"type": "Punctuation", "behavior": "MergedWithPrevious"}, {"type": "Digits", "individual_digits": True},
        metaspace("first"), {"type": "FixedLength", "length": 7},
    ),
}  # fmt: skip

MODELS = {
    "bpe": {"type": "BPE", "unk_token": "<unk>", "vocab": "@bpe"},
    "bpe-no-unk": {"type": "BPE", "unk_token": None, "dropout": 0.0, "vocab": "@bpe"},
    "bpe-fuse": {"type": "BPE", "unk_token": "<unk>", "fuse_unk": True, "dropout": None, "vocab": "@bpe"},
    "bpe-untyped": {"unk_token": "<unk>", "vocab": "@bpe"},
    "bpe-prefix": {"type": "BPE", "unk_token": "<unk>", "continuing_subword_prefix": "##", "vocab": "@bpe-prefix"},
    "bpe-suffix": {"type": "BPE", "unk_token": "<unk>", "end_of_word_suffix": "</w>", "fuse_unk": True, "vocab": "@bpe-suffix"},
    "bpe-both": {
        "type": "BPE", "unk_token": "<unk>", "continuing_subword_prefix": "@@", "end_of_word_suffix": "</w>", "vocab": "@bpe-both",
    },
    "bpe-bytes": {"type": "BPE", "unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True, "vocab": "@bpe-bytes"},
    "bpe-bytes-missing": {"type": "BPE", "unk_token": "<unk>", "byte_fallback": True, "vocab": "@bpe"},
    "bpe-ignore-merges": {"type": "BPE", "unk_token": "<unk>", "ignore_merges": True, "vocab": "@bpe-bytes"},
    "word-level": {"type": "WordLevel", "unk_token": "[UNK]", "vocab": "@words"},
    "word-level-untyped": {"unk_token": "[UNK]", "vocab": "@words"},
    "word-piece": {
        "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": "@pieces",
    },
    "word-piece-short": {
        "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 5, "vocab": "@pieces",
    },
    "word-piece-no-prefix": {
        "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "", "max_input_chars_per_word": 30, "vocab": "@pieces",
    },
    "word-piece-untyped": {
        "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 9, "vocab": "@pieces",
    },
    "unigram": {"type": "Unigram", "unk_id": 0, "vocab": "@unigram", "byte_fallback": False},
    "unigram-bytes": {"type": "Unigram", "unk_id": 0, "vocab": "@unigram", "byte_fallback": True},
}  # fmt: skip


def template(single, pair=None):
    """Of words: "A" and "B" are the sequences, others special tokens."""
    ids = {"<s>": [1], "</s>": [2], "both": [2, 1]}

    def items(text):
        return [{"Sequence": {"id": w, "type_id": 0}} if w in "AB" else {"SpecialToken": {"id": w, "type_id": 0}} for w in text.split()]

    tokens = {name: {"id": name, "ids": own, "tokens": [name] * len(own)} for name, own in ids.items()}
    return {"type": "TemplateProcessing", "single": items(single), "pair": items(pair or f"{single} B"), "special_tokens": tokens}


ROBERTA = {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 1], "trim_offsets": True, "add_prefix_space": False}
BERT = {"type": "BertProcessing", "sep": ["</s>", 2], "cls": ["<s>", 1]}
OFFSETS = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
POST_PROCESSORS = {
    "bert": BERT,
    "roberta": ROBERTA,
    "byte-level": OFFSETS,
    "template": template("<s> A </s>"),
    "template-ids": template("both A both <s>"),
    "template-twice": template("A </s> A"),
    "sequence": sequence("processors", OFFSETS, template("<s> A")),
    "sequence-bert": sequence("processors", BERT, OFFSETS, ROBERTA),
    "sequence-pair": sequence("processors", template("<s> A"), template("A </s>", "B A </s> B")),
    "sequence-template": sequence("processors", template("<s> A </s>"), ROBERTA),
}
DECODERS = {
    "none": None,
    "byte-level": OFFSETS,
    "replace": replace("\u2581", " ", "String"),
    "replace-regex": replace("^##|[aeiou]", "$1"),
    "word-piece": {"type": "WordPiece", "prefix": "##", "cleanup": True},
    "word-piece-unclean": {"type": "WordPiece", "prefix": "##", "cleanup": False},
    "byte-fallback": {"type": "ByteFallback"},
    "fuse": sequence("decoders", {"type": "Fuse"}, replace("a+", "A")),
    "strip": {"type": "Strip", "content": " ", "start": 2, "stop": 0},
    "strip-both": {"type": "Strip", "content": "e", "start": 1, "stop": 1},
    **{f"metaspace-{scheme}": metaspace(scheme) for scheme in ("always", "first", "never")},
    "bpe": {"type": "BPEDecoder", "suffix": "</w>"},
    "ctc": {"type": "CTC", "pad_token": "<pad>", "word_delimiter_token": "|", "cleanup": True},
    "ctc-unclean": {"type": "CTC", "pad_token": "<pad>", "word_delimiter_token": "|", "cleanup": False},
    "sequence": sequence(
        "decoders", replace("\u2581", " ", "String"), {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0},
    ),
}  # fmt: skip


def flagged(**flags):
    """Tokens of the corpus with these flags, special and not."""
    contents = ["the", "<sep>", "cat", "a", "ab", "\u00c9", "\u65e5\u672c", "C++", "e\u0301", "<mask>", "..", " x"]
    return OWN + [{"id": 259 + i, **added(c, **{"special": i % 2 == 0, **flags})} for i, c in enumerate(contents)]


ADDED = {
    "plain": (None, flagged()),
    "single-word": (None, flagged(single_word=True)),
    "lstrip": (None, flagged(lstrip=True)),
    "rstrip": (None, flagged(rstrip=True)),
    "strip-both": (None, flagged(lstrip=True, rstrip=True, single_word=True)),
    "strip-space": (None, OWN + [{"id": 259, **added(" ", lstrip=True, rstrip=True)}]),
    "normalized": ({"type": "Lowercase"}, flagged(normalized=True, special=False)),
    "normalized-nfkd": (sequence("normalizers", {"type": "NFKD"}, {"type": "StripAccents"}), flagged(normalized=True, rstrip=True)),
    "normalized-bytes": ({"type": "ByteLevel"}, flagged(normalized=True, special=False)),
    "normalized-prepend": ({"type": "Prepend", "prepend": "\u2581"}, flagged(normalized=True, lstrip=True)),
    "out-of-order": (None, OWN + [{"id": 300 - i, **added(c)} for i, c in enumerate(["the", "cat", "<sep>"])]),
}
CONFIGS = {
    "split-special": {"split_special_tokens": True},
    "bos": {"add_bos_token": True, "bos_token": "<s>"},
    "eos": {"add_eos_token": True, "add_bos_token": False, "eos_token": "</s>", "bos_token": "<s>"},
    "no-bos": {"add_bos_token": False, "bos_token": "<s>"},
    "bos-unknown": {"add_bos_token": True, "add_eos_token": True, "eos_token": "</s>"},
    "new-tokens": {"pad_token": "<pad>", "extra_special_tokens": ["<sep>", "<user>"], "mask_token": {"__type": "AddedToken", **added("<mask>", lstrip=True)}},
    "clean": {"clean_up_tokenization_spaces": True},
}
LIMITS = {
    "truncation": {"direction": "Right", "max_length": 5, "strategy": "LongestFirst", "stride": 0},
    "padding": {"strategy": {"Fixed": 40}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 2, "pad_type_id": 0, "pad_token": "</s>"},
}


def whole(model=BYTES, **parts):
    empty = dict.fromkeys(["truncation", "padding", "normalizer", "pre_tokenizer", "post_processor", "decoder"])
    return {"version": "1.0", "added_tokens": OWN if model is BYTES else [], **empty, **parts, "model": model}


def cases():
    """{name: (tokenizer.json, tokenizer_config.json)}"""
    out = {}
    for name, part in NORMALIZERS.items():
        out[f"normalizer-{name}"] = whole(normalizer=part), {}
    # What is left of the first character decides whether a space is put in front.
    for name in ("nmt", "strip", "bert", "nfkd", "prepend", "bytelevel", "replace-regex", "replace-nothing", "precompiled", "precompiled-strip"):
        out[f"first-{name}"] = whole(normalizer=NORMALIZERS[name], pre_tokenizer=metaspace("first")), {}
    for name, part in PRE_TOKENIZERS.items():
        out[f"pre-{name}"] = whole(pre_tokenizer=part), {}
    for name, part in MODELS.items():
        out[f"model-{name}"] = whole(part, pre_tokenizer=metaspace() if "unigram" in name else ROUGH), {}
    for name, part in POST_PROCESSORS.items():
        out[f"post-{name}"] = whole(pre_tokenizer=SPACES, post_processor=part), {}
    for name, part in DECODERS.items():
        out[f"decoder-{name}"] = whole(DECODED, pre_tokenizer=SPACES, decoder=part), {}
    for name, (normalizer, tokens) in ADDED.items():
        out[f"added-{name}"] = whole(normalizer=normalizer, added_tokens=tokens, pre_tokenizer=metaspace("first")), {}
    for name, config in CONFIGS.items():
        model = DECODED if name == "clean" else BYTES
        out[f"config-{name}"] = whole(model, pre_tokenizer=SPACES, post_processor=None if name == "clean" else template("<s> A </s>")), config
    out["config-limits"] = whole(pre_tokenizer=SPACES, **LIMITS), {}
    return out


def filled(tokenizer, shared):
    """With the vocabulary and the character map in place of their names."""
    model = dict(tokenizer["model"])
    model.update(shared[model["vocab"][1:]])
    text = json.dumps({**tokenizer, "model": model}, ensure_ascii=False)
    if "@nmt_nfkc" in text:
        import base64

        charsmap = gzip.decompress((HERE.parent / "tokenizers" / "nmt_nfkc.charsmap.gz").read_bytes())
        text = text.replace("@nmt_nfkc", base64.b64encode(charsmap).decode())
    return text


def opened(tokenizer, config, shared):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "tokenizer.json").write_text(filled(tokenizer, shared), encoding="utf-8")
        if config:
            Path(folder, "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
        return PreTrainedTokenizerFast.from_pretrained(folder)


def answers(tokenizer, decodes):
    size = len(tokenizer)
    # A call sets truncation and padding of the backend, which is many times faster without transformers around it.
    sample = {i: tokenizer(LINES[i]).input_ids for i in range(0, len(LINES), 101)}
    backend = tokenizer.backend_tokenizer
    encoded = [encoding.ids for encoding in backend.encode_batch_fast(LINES)]
    assert all(encoded[i] == ids for i, ids in sample.items())
    clean = tokenizer.clean_up_tokenization if tokenizer.clean_up_tokenization_spaces else lambda text: text

    def decode(lists):
        texts = [clean(text) for text in backend.decode_batch(lists, skip_special_tokens=True)]
        assert all(texts[i] == tokenizer.decode(lists[i], skip_special_tokens=True) for i in sample)
        return texts

    random = Random(42)
    random_ids = [[random.below(size) for _ in range(1 + random.below(12))] for _ in LINES]
    rows = {"encode": ["\t".join(map(str, ids)) for ids in encoded]}
    if decodes:
        rows |= {"decode": decode(encoded), "random": decode(random_ids)}
    out = {key: "".join(digest(all_rows[i : i + BLOCK]) for i in range(0, len(LINES), BLOCK)) for key, all_rows in rows.items()}
    # Short lines first: whole answers are for a reader.
    shown = sorted(range(0, len(LINES), 97), key=lambda i: (len(encoded[i]) > 40, i))[:6]
    return {"size": size, **out, "cases": [[LINES[i], encoded[i], tokenizer.decode(encoded[i], skip_special_tokens=True)] for i in shown]}


# Every code point ---------------------------------------------------------------------------------------------------------

CODE_POINTS = 4096
CLASSES = ["\\w", "[\\w]", "\\W", "[^\\W]", "\\p{Word}", "[[:word:]]", "\\s", "\\d", "\\h", ".", "\\p{Alpha}", "\\p{Alnum}", "\\p{Upper}", "\\p{Lower}", "[[:punct:]]", "\\p{Punct}"]
CLASSES += [f"\\p{{{name}}}" for name in "L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm Sc Sk So Z Zs Cc Cf".split()]
CLASSES += [f"\\p{{{name}}}" for name in "Han Latin Common Inherited Arabic Cyrillic Hiragana".split()]


def blocks():
    for start in range(0, 0x110000, CODE_POINTS):
        yield [chr(c) for c in range(start, start + CODE_POINTS) if not 0xD800 <= c <= 0xDFFF]


def every_code_point():
    """{part as JSON: a digest for each block}. Characters stand between letters, side by side, and between marks."""
    parts = [{"normalizer": part} for name, part in NORMALIZERS.items() if not name.startswith(("replace", "precompiled", "prepend", "strip-", "bytelevel"))]
    parts += [{"pre_tokenizer": PRE_TOKENIZERS[name]} for name in ("whitespace", "whitespace-split", "bert", "punctuation-isolated", "digits-individual", "scripts")]
    parts += [{"normalizer": replace(pattern, "")} for pattern in CLASSES]
    out = {}
    for part in parts:
        # The part alone, as a tokenizer.json has it.
        tokenizer = Tokenizer.from_str(json.dumps(whole({"type": "WordLevel", "unk_token": "", "vocab": {}}, added_tokens=[], **part)))
        digests = []
        for characters in blocks():
            texts = ["a".join(characters), "".join(characters), "\u0345".join(characters)]
            if "normalizer" in part:
                rows = [tokenizer.normalizer.normalize_str(text) for text in texts]
            else:
                rows = ["\n".join(word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(text)) for text in texts]
            digests.append(digest(rows))
        out[json.dumps(part)] = "".join(digests)
    return out


def packed(file, value):
    text = json.dumps(value, ensure_ascii=False, indent=0, separators=(",", ":"))
    file.write_bytes(gzip.compress(text.encode("utf-8"), 9, mtime=0))
    print(f"{file.name}: {file.stat().st_size / 1000:.0f} kB")


def unpacked(file):
    return json.loads(gzip.decompress(file.read_bytes()).decode("utf-8"))


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    wanted = [arg for arg in sys.argv[1:] if arg != "answers"]
    names = {name: HERE / f"{name}.json.gz" for name in ("vocabularies", "cases", "unicode")}
    if "answers" not in sys.argv:
        packed(names["vocabularies"], vocabularies())
    shared = unpacked(names["vocabularies"])
    stored = unpacked(names["cases"]) if wanted else {}
    for name, (tokenizer, config) in cases().items():
        if wanted and not any(part in name for part in wanted):
            continue
        decodes = name.startswith(("model", "decoder", "added", "config"))
        stored[name] = {"tokenizer": tokenizer, "config": config, **answers(opened(tokenizer, config, shared), decodes)}
        print(name, flush=True)
    packed(names["cases"], stored)
    if not wanted or "unicode" in wanted:
        packed(names["unicode"], every_code_point())
