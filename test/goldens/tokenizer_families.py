"""Makes tokenizers/: small SentencePiece models, and what sentencepiece and transformers make of 20,000 lines with them.

    python test/goldens/tokenizer_families.py           # trains the models anew, then writes every answer
    python test/goldens/tokenizer_families.py answers   # keeps the models and folders
    python test/goldens/tokenizer_families.py answers t5 nllb
    python test/goldens/tokenizer_families.py folders      # makes the folders anew, with the models that are there

The lines come from corpus.py. Of each block of 50 lines a digest is kept (the first 8 hexadecimal digits of a SHA-256), of
some lines the whole answer, for a reader who looks for a difference:

    {"size": 1200, "encode": "4c1d9a0f...", "decode": "...", "random": "...", "long": "...", "cases": [[text, ids, decoded], ...]}

"decode" is of the encoded line (ids modulo the size of the target vocabulary, where there are two), "random" of up to twelve random ids, "long" of all lines twice in one text. The character maps of two normalisation rules are
240 kB each and are kept once: the models are stored without, and test/support/node/tokenizers.ts puts them back.
"""

import base64
import gzip
import hashlib
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

import sentencepiece as spm
from sentencepiece import sentencepiece_model_pb2 as pb

from transformers.models.auto.tokenization_auto import tokenizer_class_from_name
from transformers.models.m2m_100.tokenization_m2m_100 import FAIRSEQ_LANGUAGE_CODES

from corpus import SCRIPTS, SEED, Random, corpus, words

HERE = Path(__file__).parent / "tokenizers"
BLOCK = 50
LINES = corpus()
M2M_CODES = FAIRSEQ_LANGUAGE_CODES["m2m100"]
# About a million characters in one text.
LONG = " ".join(LINES + LINES)

# Settings of the trainer; "type" and "unused" are ours.
MODELS = {
    "unigram": dict(vocab_size=1200, normalization_rule_name="nmt_nfkc", character_coverage=0.995),
    "unigram-target": dict(vocab_size=800, normalization_rule_name="nfkc", character_coverage=0.99),
    "unigram-defined": dict(
        vocab_size=900,
        normalization_rule_name="nfkc",
        character_coverage=0.99,
        user_defined_symbols=["<sep>", "<user>", "ab", "C++", "日本", "..", "\u2581the"],
        control_symbols=["<ctrl>", "<mask>"],
    ),
    "unigram-plain": dict(
        vocab_size=700,
        normalization_rule_name="identity",
        character_coverage=0.98,
        add_dummy_prefix=False,
        remove_extra_whitespaces=False,
    ),
    "unigram-bytes": dict(
        vocab_size=1100, normalization_rule_name="nmt_nfkc", character_coverage=0.98, byte_fallback=True, unused=9
    ),
    "unigram-suffix": dict(
        vocab_size=700,
        normalization_rule_tsv=True,
        character_coverage=0.98,
        treat_whitespace_as_suffix=True,
        allow_whitespace_only_pieces=True,
        remove_extra_whitespaces=False,
    ),
    "bpe": dict(model_type="bpe", vocab_size=1500, normalization_rule_name="nmt_nfkc", character_coverage=0.995),
    "bpe-bytes": dict(
        model_type="bpe",
        vocab_size=1200,
        normalization_rule_name="identity",
        character_coverage=0.98,
        byte_fallback=True,
        split_digits=True,
        remove_extra_whitespaces=False,
        user_defined_symbols=["<sep>", "ab", "\u2581\u2581"],
        unused=7,
    ),
    # As T5's: padding 0, end 1, unknown 2.
    "t5": dict(
        vocab_size=1000,
        normalization_rule_name="nmt_nfkc",
        character_coverage=0.995,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
    ),
}

RULES = """0061 0062 0062	0041 0042
0009	0020
000A	0020
00E9	0065 0301
200B	
FF01	0021
002E 002E 002E	2026
65E5 672C	0020 0020 004A 0020
"""


def training_lines():
    """Words only, so that the corpus has much that the models have not seen."""
    random = Random(1)
    for _ in range(8000):
        script = random.pick(SCRIPTS)
        yield words(random, script, 2, 10, "" if script[0] in SEED["unspaced"] else " ")


def train(name, settings):
    """Writes tokenizers/NAME.model.gz without its character map, and the map where it is a new one."""
    settings = dict(settings)
    unused = settings.pop("unused", 0)
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder, "text")
        text.write_text("\n".join(training_lines()), encoding="utf-8")
        if settings.get("normalization_rule_tsv"):
            rules = Path(folder, "rules.tsv")
            rules.write_text(RULES, encoding="utf-8")
            settings["normalization_rule_tsv"] = str(rules)
        prefix = str(Path(folder, "model"))
        spm.SentencePieceTrainer.train(
            input=str(text), model_prefix=prefix, minloglevel=2, num_threads=1, hard_vocab_limit=False, **settings
        )
        model = pb.ModelProto()
        model.ParseFromString(Path(prefix + ".model").read_bytes())
    # What a trainer leaves behind of its machine.
    del model.trainer_spec.input[:]
    model.trainer_spec.model_prefix = name
    model.normalizer_spec.normalization_rule_tsv = ""
    if unused:
        normal = [p for p in model.pieces if p.type == 1 and len(p.piece) > 1]
        for piece in normal[5 :: len(normal) // unused]:
            piece.type = 5
    rule = settings.get("normalization_rule_name", "")
    if rule in ("nmt_nfkc", "nfkc"):
        charsmap = model.normalizer_spec.precompiled_charsmap
        model.normalizer_spec.precompiled_charsmap = b""
        (HERE / f"{rule}.charsmap.gz").write_bytes(gzip.compress(charsmap, 9, mtime=0))
    (HERE / f"{name}.model.gz").write_bytes(gzip.compress(model.SerializeToString(), 9, mtime=0))


def model_bytes(name):
    """The whole model: messages written one after the other are merged, so the map can be appended."""
    model = pb.ModelProto()
    model.ParseFromString(gzip.decompress((HERE / f"{name}.model.gz").read_bytes()))
    path = HERE / f"{model.normalizer_spec.name}.charsmap.gz"
    if path.exists():
        model.normalizer_spec.precompiled_charsmap = gzip.decompress(path.read_bytes())
    return model.SerializeToString()


def digest(rows):
    return hashlib.sha256("\n".join(rows).encode("utf-8")).hexdigest()[:8]


def replaced(text, instead):
    for part, other in instead.items():
        text = text.replace(part, other)
    return text


def write(name, encode, decode, size, instead=None):
    """
    `encode`: text to a list (ids, or pieces); `decode`: such a list to text; `size`: random ids lie below it;
    `instead`: what stands for parts of the lines, so that they have the family's own special tokens.
    """
    lines, long = [replaced(line, instead or {}) for line in LINES], replaced(LONG, instead or {})
    encoded = [encode(line) for line in lines]
    random = Random(42)
    random_ids = [[random.below(size) for _ in range(1 + random.below(12))] for _ in LINES]
    rows = {
        "encode": ["\t".join(map(str, items)) for items in encoded],
        "decode": [decode([i % size if isinstance(i, int) else i for i in items]) for items in encoded],
        "random": [decode(ids) for ids in random_ids],
    }
    out = {key: "".join(digest(all_rows[i : i + BLOCK]) for i in range(0, len(LINES), BLOCK)) for key, all_rows in rows.items()}
    out["long"] = digest(["\t".join(map(str, encode(long)))])
    cases = [[lines[i], encoded[i], rows["decode"][i]] for i in range(0, len(LINES), 997)]
    head = ",\n".join(f'"{key}": "{value}"' for key, value in out.items())
    text = "{\"size\": %d,\n%s,\n\"cases\": [\n%s\n]}\n" % (size, head, ",\n".join(json.dumps(case) for case in cases))
    (HERE / f"{name}.json").write_text(text, encoding="utf-8")
    print(f"{name}.json: {len(LINES)} lines, {len(text) / 1000:.0f} kB")


def sentencepiece_answers():
    for name in MODELS:
        processor = spm.SentencePieceProcessor(model_proto=model_bytes(name))

        def decode(items):
            pieces = [processor.id_to_piece(i) if isinstance(i, int) else i for i in items]
            return processor.decode_pieces(pieces) if pieces else ""

        write(f"spm-{name}", lambda line: processor.encode(line, out_type=str), decode, processor.get_piece_size())


# Folders of model files, as transformers reads them: {file: content}, where a content is JSON as it stands,
# "model:NAME" (a SentencePiece model of above) or "gz:FILE" (beside this list).
LANGUAGES = ["eng_Latn", "fra_Latn", "zho_Hans", "arb_Arab", "deu_Latn"]


def numbered(*lists):
    return {token: i for i, token in enumerate(dict.fromkeys(token for tokens in lists for token in tokens))}


def pieces(name, types=(1, 4)):
    model = pb.ModelProto()
    model.ParseFromString(model_bytes(name))
    return [p.piece for p in model.pieces if p.type in types]


def packed(name, content):
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    (HERE / f"{name}.gz").write_bytes(gzip.compress(text.encode("utf-8"), 9, mtime=0))
    return f"gz:{name}.gz"


def unpacked(content):
    if isinstance(content, str) and content.startswith("model:"):
        return model_bytes(content[6:])
    if isinstance(content, str) and content.startswith("gz:"):
        data = gzip.decompress((HERE / content[3:]).read_bytes()).decode("utf-8")
        for rule in ("nmt_nfkc", "nfkc"):
            if f'"@{rule}"' in data:
                charsmap = gzip.decompress((HERE / f"{rule}.charsmap.gz").read_bytes())
                data = data.replace(f'"@{rule}"', json.dumps(base64.b64encode(charsmap).decode()))
        return data.encode("utf-8")
    return json.dumps(content).encode("utf-8")


def opened(cls, files):
    with tempfile.TemporaryDirectory() as folder:
        for file, content in files.items():
            Path(folder, file).write_bytes(unpacked(content))
        return cls.from_pretrained(folder)


def saved(name, tokenizer):
    """What save_pretrained writes, with the character map replaced by its name."""
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save_pretrained(folder)
        text = Path(folder, "tokenizer.json").read_text(encoding="utf-8")
        config = json.loads(Path(folder, "tokenizer_config.json").read_text(encoding="utf-8"))
    for rule in ("nmt_nfkc", "nfkc"):
        charsmap = gzip.decompress((HERE / f"{rule}.charsmap.gz").read_bytes())
        text = text.replace(json.dumps(base64.b64encode(charsmap).decode()), f'"@{rule}"')
    # Without the indentation, which is a third of the file.
    text = json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))
    return {"tokenizer.json": packed(f"{name}.tokenizer.json", text), "tokenizer_config.json": config}


def added(content, **flags):
    base = dict(lstrip=False, rstrip=False, single_word=False, normalized=False, special=True)
    return {"content": content, **base, **flags}


def generic(name, **settings):
    """A tokenizer.json of parts that no family of ours puts together like this."""
    vocab = [["<unk>", 0.0], ["<s>", 0.0], ["</s>", 0.0]] + [[f"<0x{i:02X}>", -9.5] for i in range(256)]
    model = pb.ModelProto()
    model.ParseFromString(model_bytes("unigram-plain"))
    vocab += [[p.piece, round(p.score, 4)] for p in model.pieces if p.type == 1]
    base = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": i, **added(token)} for i, token in enumerate(["<unk>", "<s>", "</s>"])],
        "normalizer": None,
        "pre_tokenizer": None,
        "post_processor": None,
        "decoder": None,
        "model": {"type": "Unigram", "unk_id": 0, "vocab": vocab, "byte_fallback": True},
    }
    return packed(f"{name}.tokenizer.json", json.dumps({**base, **settings}, ensure_ascii=False, separators=(",", ":")))


def subword_nmt():
    """A vocabulary and merges as Blenderbot-small has them: a token that does not end its word has "@@" after it."""
    words = Counter(word for line in training_lines() for word in line.lower().split())
    symbols = {word: [*word[:-1], word[-1] + "</w>"] for word in words}
    tokens = {symbol for parts in symbols.values() for symbol in parts}
    merges = []
    for _ in range(600):
        pairs = Counter()
        for word, parts in symbols.items():
            for pair in zip(parts, parts[1:]):
                pairs[pair] += words[word]
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        tokens.add("".join(best))
        for parts in symbols.values():
            for i in range(len(parts) - 2, -1, -1):
                if tuple(parts[i : i + 2]) == best:
                    parts[i : i + 2] = ["".join(best)]
    tokens = [token[:-4] if token.endswith("</w>") else token + "@@" for token in sorted(tokens)]
    # Every thirteenth is missing: such pieces are unknown.
    tokens = [token for i, token in enumerate(tokens) if i % 13]
    vocab = numbered(["__null__", "__start__", "__end__", "__unk__", "__newln__"], tokens, list(".,!?()'"))
    return vocab, "\n".join(["#version: 0.2", *map(" ".join, merges), ""])


# What stands in the lines for the special tokens of other families.
PEGASUS = {"<extra_id_1>": "<mask_1>", "<extra_id_0>": "<mask_2>", "<extra_id_": "<unk_"}
BLENDERBOT_SMALL = {
    "<s>": "__start__", "</s>": "__end__", "<unk>": "__unk__", "<pad>": "__null__", "<mask>": "__newln__", "<user>": "__START__",
}  # fmt: skip
WHISPER = {"<s>": "<|startoftranscript|>", "</s>": "<|endoftext|>", "<mask>": "<|1.08|>", "<pad>": "<|fr|>", "<unk>": "<|startofprev|>"}
# In transformers' order, and no more than these.
WHISPER_TOKENS = [f"<|{name}|>" for name in (
    "endoftext", "startoftranscript", "en", "zh", "de", "es", "ru", "ko", "fr", "ja", "pt", "translate", "transcribe",
    "startoflm", "startofprev", "nospeech", "notimestamps",
)]
PLBART = {"en_XX": "__java__", "fr_XX": "python", "ro_RO": "__php__", "__en__": "__en_XX__", "__fr__": "__python__"}


def with_template(content, single):
    """A tokenizer.json with this template around a text."""
    tokenizer = json.loads(gzip.decompress((HERE / content[3:]).read_bytes()))
    ids = {token["content"]: token["id"] for token in tokenizer["added_tokens"]} | tokenizer["model"]["vocab"]
    part = lambda name: {"Sequence": {"id": "A", "type_id": 0}} if name == "A" else {"SpecialToken": {"id": name, "type_id": 0}}
    tokenizer["post_processor"] = {
        "type": "TemplateProcessing", "single": [part(name) for name in single],
        "pair": [part("A"), {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {name: {"id": name, "ids": [ids[name]], "tokens": [name]} for name in single if name != "A"},
    }  # fmt: skip
    return packed(content[3:-3], json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":")))


def make_folders():
    from tokenizers import ByteLevelBPETokenizer
    from transformers import BartTokenizer, BlenderbotTokenizer, MBart50Tokenizer, MBartTokenizer
    from transformers import NllbTokenizer, PegasusTokenizer, T5Tokenizer, WhisperTokenizer

    # Every eleventh piece of the source is missing: such pieces are unknown.
    source = [p for i, p in enumerate(pieces("unigram")) if i % 11]
    marian = numbered(["</s>", "<unk>"], source, pieces("unigram-target"), [">>fra<<", ">>deu<<", ">>cmn_Hans<<", "<pad>"])
    m2m = numbered(["<s>", "<pad>", "</s>", "<unk>"], pieces("unigram"))
    codes = [f"__{code}__" for code in M2M_CODES]
    byte_bpe = ByteLevelBPETokenizer()
    byte_bpe.train_from_iterator(training_lines(), vocab_size=900, min_frequency=2, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    with tempfile.TemporaryDirectory() as folder:
        byte_bpe.save_model(folder)
        bart = {
            "vocab.json": packed("bart.vocab.json", json.loads(Path(folder, "vocab.json").read_text(encoding="utf-8"))),
            "merges.txt": packed("bart.merges.txt", Path(folder, "merges.txt").read_text(encoding="utf-8")),
        }
    nllb = {"sentencepiece.bpe.model": "model:bpe", "tokenizer_config.json": {"extra_special_tokens": LANGUAGES}}
    vocab, merges = subword_nmt()
    small = {"vocab.json": packed("blenderbot-small.vocab.json", vocab), "merges.txt": packed("blenderbot-small.merges.txt", merges)}
    spiece = {"spiece.model": "model:t5"}
    whisper = {**bart, "tokenizer_config.json": {"additional_special_tokens": WHISPER_TOKENS, "bos_token": "<|endoftext|>"}}
    stamps = [added(f"<|{i * 0.02:.2f}|>", special=False) for i in range(1501)]
    decoder = dict(enumerate([*map(added, WHISPER_TOKENS), *stamps], start=900))
    blenderbot = saved("blenderbot-json", opened(BlenderbotTokenizer, bart))
    metaspace = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first", "split": False}
    folders = {
        "marian": ["MarianTokenizer", {
            "source.spm": "model:unigram", "target.spm": "model:unigram-target",
            "vocab.json": packed("marian.vocab.json", marian),
            "tokenizer_config.json": {"source_lang": "en", "target_lang": "mul"},
        }],
        "marian-separate": ["MarianTokenizer", {
            "source.spm": "model:bpe", "target.spm": "model:unigram-bytes",
            "vocab.json": packed("marian-separate.vocab.json", numbered(["</s>", "<unk>"], pieces("bpe"), ["<pad>"])),
            "target_vocab.json": packed("marian-separate.target.json", numbered(["<pad>"], pieces("unigram-bytes", (1, 3, 6)), ["<unk>"])),
            "tokenizer_config.json": {
                "separate_vocabs": True, "source_lang": "en", "target_lang": "de", "clean_up_tokenization_spaces": True,
                "additional_special_tokens": ["<sep>"],
            },
        }],
        "marian-added": ["MarianTokenizer", {
            "source.spm": "model:unigram", "target.spm": "model:unigram-target", "vocab.json": "gz:marian.vocab.json.gz",
            "tokenizer_config.json": {
                "extra_special_tokens": ["<sep>", "<user>"],
                "added_tokens_decoder": {
                    "0": added("</s>", lstrip=True, rstrip=True), "1": added("<unk>", lstrip=True),
                    "3000": added("<sep>", rstrip=True), "3001": added("the", special=False, single_word=True),
                    "3002": added("<mask>", lstrip=True, single_word=True), "3003": added("<m", special=False),
                    "3004": added("ab", special=False), "3005": added("abc", special=False, rstrip=True),
                },
            },
        }],
        "m2m100": ["M2M100Tokenizer", {
            "sentencepiece.bpe.model": "model:unigram", "vocab.json": packed("m2m100.vocab.json", m2m),
            "special_tokens_map.json": {"eos_token": "</s>", "unk_token": "<unk>", "additional_special_tokens": codes},
        }, {}, "fr"],
        "m2m100-bare": ["M2M100Tokenizer", {
            "sentencepiece.bpe.model": "model:unigram-defined",
            "vocab.json": packed("m2m100-bare.vocab.json", numbered(["<s>", "<pad>", "</s>", "<unk>"], pieces("unigram-defined"))),
            "tokenizer_config.json": {"src_lang": "de", "eos_token": "</s>"},
            "added_tokens.json": {"<user>": 2000, "zz top": 2001},
        }],
        "t5": ["T5Tokenizer", {"spiece.model": "model:t5"}],
        "t5-json": ["T5Tokenizer", saved("t5-json", opened(T5Tokenizer, {"spiece.model": "model:t5"}))],
        # As version 4 wrote it, with tokens whose properties matter.
        "t5-added": ["T5Tokenizer", {
            "spiece.model": "model:t5",
            "tokenizer_config.json": {
                "extra_ids": 3, "eos_token": "</s>", "clean_up_tokenization_spaces": True,
                "additional_special_tokens": ["<extra_id_0>", "<extra_id_1>", "<extra_id_2>", "<sep>"],
                "added_tokens_decoder": {
                    "0": added("<pad>"), "1": added("</s>", rstrip=True), "2": added("<unk>", lstrip=True),
                    "1002": added("<extra_id_0>", lstrip=True), "1001": added("<extra_id_1>", rstrip=True),
                    "1003": added("the", normalized=True, special=False, single_word=True),
                    "1004": added("\uff21", normalized=True, special=False),
                    "1005": added("<user>", single_word=True, lstrip=True, rstrip=True),
                },
            },
        }],
        "byt5": ["ByT5Tokenizer", {"tokenizer_config.json": {"tokenizer_class": "ByT5Tokenizer"}}],
        "mbart": ["MBartTokenizer", {"sentencepiece.bpe.model": "model:unigram"}, {}, "ro_RO"],
        "mbart-json": ["MBartTokenizer", saved("mbart-json", opened(MBartTokenizer, {"sentencepiece.bpe.model": "model:unigram"}))],
        "mbart50": ["MBart50Tokenizer", {"sentencepiece.bpe.model": "model:unigram"}, {}, "fr_XX"],
        "mbart50-json": ["MBart50Tokenizer", saved("mbart50-json", opened(MBart50Tokenizer, {"sentencepiece.bpe.model": "model:unigram-target"}))],
        "nllb": ["NllbTokenizer", nllb, {}, "fra_Latn"],
        "nllb-json": ["NllbTokenizer", saved("nllb-json", opened(NllbTokenizer, nllb))],
        "nllb-legacy": ["NllbTokenizer", {
            **nllb, "tokenizer_config.json": {"extra_special_tokens": LANGUAGES, "legacy_behaviour": True, "src_lang": "deu_Latn"},
        }],
        "bart": ["BartTokenizer", bart],
        "bart-json": ["BartTokenizer", {
            "tokenizer.json": saved("bart-json", opened(BartTokenizer, bart))["tokenizer.json"],
            "tokenizer_config.json": {
                "add_prefix_space": True, "clean_up_tokenization_spaces": True,
                "added_tokens_decoder": {"4": added("<mask>", lstrip=True), "900": added("C++", special=False)},
            },
        }],
        "mvp": ["MvpTokenizer", {**bart, "tokenizer_config.json": {"model_max_length": 1024, "mask_token": {"__type": "AddedToken", **added("<mask>", lstrip=True)}}}],
        "pegasus": ["PegasusTokenizer", spiece, PEGASUS],
        "pegasus-json": ["PegasusTokenizer", saved("pegasus-json", opened(PegasusTokenizer, spiece)), PEGASUS],
        # As version 4 wrote it.
        "pegasus-xsum": ["PegasusTokenizer", {
            **spiece,
            "tokenizer_config.json": {
                "model_max_length": 512, "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>", "mask_token": "<mask_2>",
                "mask_token_sent": "<mask_1>", "offset": 103, "tokenizer_class": "PegasusTokenizer",
            },
            "special_tokens_map.json": {
                "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>", "mask_token": "<mask_2>",
                "additional_special_tokens": ["<mask_1>", *(f"<unk_{i}>" for i in range(2, 103))],
            },
        }, PEGASUS],
        "pegasus-offset-7": ["PegasusTokenizer", {
            **spiece,
            "tokenizer_config.json": {
                "offset": 7, "mask_token_sent": None, "clean_up_tokenization_spaces": True,
                "added_tokens_decoder": {"2": added("<mask_2>", lstrip=True), "9": added("the", special=False, single_word=True)},
                "additional_special_tokens": ["<sep>"],
            },
        }, PEGASUS],
        "blenderbot": ["BlenderbotTokenizer", bart],
        "blenderbot-json": ["BlenderbotTokenizer", {
            **blenderbot, "tokenizer.json": with_template(blenderbot["tokenizer.json"], ["A", "</s>"]),
        }],
        "blenderbot-added": ["BlenderbotTokenizer", {
            **bart,
            "tokenizer_config.json": {
                "add_prefix_space": False, "add_eos_token": True, "clean_up_tokenization_spaces": True,
                "added_tokens_decoder": {"4": added("<mask>", rstrip=True), "900": added("C++", special=False)},
            },
        }],
        "blenderbot-small": ["BlenderbotSmallTokenizer", small, BLENDERBOT_SMALL],
        "blenderbot-small-added": ["BlenderbotSmallTokenizer", {
            **small,
            "tokenizer_config.json": {
                "clean_up_tokenization_spaces": True, "additional_special_tokens": ["<sep>"],
                "added_tokens_decoder": {
                    "2": added("__end__", lstrip=True, rstrip=True), "3000": added("the", special=False, single_word=True),
                },
            },
        }, BLENDERBOT_SMALL],
        "whisper": ["WhisperTokenizer", whisper, WHISPER],
        "whisper-json": ["WhisperTokenizer", saved("whisper-json", opened(WhisperTokenizer, whisper)), WHISPER],
        # As the Hub has them since 2023: timestamps are tokens. And as a fine-tuned model has it.
        "whisper-stamps": ["WhisperTokenizer", {
            **bart, "tokenizer_config.json": packed("whisper-stamps.tokenizer_config.json", {
                "additional_special_tokens": WHISPER_TOKENS, "added_tokens_decoder": decoder, "language": "French", "task": "translate",
                "predict_timestamps": True, "add_prefix_space": True, "clean_up_tokenization_spaces": True,
            }),
        }, WHISPER],
        "plbart": ["PLBartTokenizer", {"sentencepiece.bpe.model": "model:bpe"}, PLBART],
        "plbart-python": ["PLBartTokenizer", {"sentencepiece.bpe.model": "model:unigram"}, PLBART, "python"],
        "plbart-multi": ["PLBartTokenizer", {
            "sentencepiece.bpe.model": "model:bpe",
            "tokenizer_config.json": {"language_codes": "multi", "tgt_lang": "__python__", "clean_up_tokenization_spaces": False},
        }, PLBART],
        "plbart-added": ["PLBartTokenizer", {
            "sentencepiece.bpe.model": "model:unigram-defined",
            "tokenizer_config.json": {
                "language_codes": "multi", "src_lang": "ruby", "additional_special_tokens": ["<extra_id_0>", "__java__"],
                "added_tokens_decoder": {
                    "0": added("<s>"), "1": added("<pad>"), "2": added("</s>"), "3": added("<unk>"),
                    "2000": added("zz top", special=False), "2001": added("the", special=False, single_word=True),
                },
            },
        }, PLBART],
        "generic-bytes": ["PreTrainedTokenizerFast", {
            "tokenizer.json": generic(
                "generic-bytes",
                normalizer={"type": "Sequence", "normalizers": [
                    {"type": "Prepend", "prepend": "\u2581"}, {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}]},
                post_processor={
                    "type": "TemplateProcessing",
                    "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                    "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
                    "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
                decoder={"type": "Sequence", "decoders": [
                    {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}, {"type": "ByteFallback"},
                    {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
            ),
            "tokenizer_config.json": {"eos_token": "</s>", "unk_token": "<unk>", "bos_token": "<s>"},
        }],
        "generic-split": ["PreTrainedTokenizerFast", {
            "tokenizer.json": generic(
                "generic-split",
                normalizer={"type": "Sequence", "normalizers": [
                    {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "}, {"type": "Strip", "strip_left": True, "strip_right": True}]},
                pre_tokenizer={"type": "Sequence", "pretokenizers": [
                    {"type": "Split", "pattern": {"Regex": "[aeiou\\d]"}, "behavior": "MergedWithPrevious", "invert": False},
                    {"type": "Split", "pattern": {"String": "e"}, "behavior": "MergedWithNext", "invert": False},
                    {"type": "Split", "pattern": {"Regex": "\\p{P}"}, "behavior": "Contiguous", "invert": False},
                    {"type": "Split", "pattern": {"Regex": "[^x]+"}, "behavior": "Removed", "invert": True},
                    {**metaspace, "prepend_scheme": "always", "split": True}]},
                decoder=metaspace,
            ),
            "tokenizer_config.json": {"clean_up_tokenization_spaces": True},
        }],
    }
    text = json.dumps({name: dict(zip(("class", "files", "instead", "source"), folder)) for name, folder in folders.items()}, indent=1)
    (HERE / "folders.json").write_text(text + "\n", encoding="utf-8")


def family_answers(only):
    for name, folder in json.loads((HERE / "folders.json").read_text(encoding="utf-8")).items():
        if only and name not in only:
            continue
        tokenizer = opened(tokenizer_class_from_name(folder["class"]), folder["files"])
        if "source" in folder:
            tokenizer.src_lang = folder["source"]
        size = 384 if name == "byt5" else len(tokenizer)
        if folder["class"] == "PLBartTokenizer":
            size = tokenizer.vocab_size  # sentencepiece refuses the ids between these and the added tokens
        if name == "marian-separate":
            size = len(tokenizer.target_encoder)
        write(
            f"hf-{name}",
            lambda line: tokenizer(line).input_ids,
            lambda ids: tokenizer.decode(ids, skip_special_tokens=True),
            size,
            folder.get("instead"),
        )


if __name__ == "__main__":
    wanted = [arg for arg in sys.argv[1:] if arg not in ("answers", "folders")]
    if "answers" not in sys.argv and "folders" not in sys.argv:
        for name, settings in MODELS.items():
            train(name, settings)
    if "answers" not in sys.argv:
        make_folders()
    if "folders" in sys.argv:
        sys.exit()
    if not wanted:
        sentencepiece_answers()
    family_answers(wanted)
