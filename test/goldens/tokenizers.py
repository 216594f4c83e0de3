"""Makes tokenizers/: small SentencePiece models, and what sentencepiece and transformers make of 20,000 lines with them.

    python test/goldens/tokenizers.py           # trains the models anew, then writes every answer
    python test/goldens/tokenizers.py answers   # keeps the models

The lines come from corpus.py. Of each block of 50 lines a digest is kept (the first 12 hexadecimal digits of a SHA-256), of
some lines the whole answer, for a reader who looks for a difference:

    {"blocks": {"encode": [...], "decode": [...], "random": [...]}, "cases": [[text, ids, decoded], ...]}

"decode" is of the encoded line, "random" of up to twelve random ids, "long" of all lines twice in one text. The character maps of two normalisation rules are
240 kB each and are kept once: the models are stored without, and test/support/tokenizers.ts puts them back.
"""

import gzip
import hashlib
import json
import sys
import tempfile
from pathlib import Path

import sentencepiece as spm
from sentencepiece import sentencepiece_model_pb2 as pb

from corpus import SCRIPTS, SEED, Random, corpus, words

HERE = Path(__file__).parent / "tokenizers"
BLOCK = 50
LINES = corpus()
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
    return hashlib.sha256("\n".join(rows).encode("utf-8")).hexdigest()[:12]


def write(name, encode, decode, size):
    """`encode`: text to a list (ids, or pieces); `decode`: such a list to text; `size`: random ids lie below it."""
    encoded = [encode(line) for line in LINES]
    random = Random(42)
    random_ids = [[random.below(size) for _ in range(1 + random.below(12))] for _ in LINES]
    rows = {
        "encode": ["\t".join(map(str, items)) for items in encoded],
        "decode": [decode(items) for items in encoded],
        "random": [decode(ids) for ids in random_ids],
    }
    blocks = {key: [digest(all_rows[i : i + BLOCK]) for i in range(0, len(LINES), BLOCK)] for key, all_rows in rows.items()}
    cases = [[LINES[i], encoded[i], rows["decode"][i]] for i in range(0, len(LINES), 499)]
    body = ",\n".join(json.dumps(case) for case in cases)
    blocks["long"] = [digest(["\t".join(map(str, encode(LONG)))])]
    text = '{"blocks": %s,\n"cases": [\n%s\n]}\n' % (json.dumps(blocks, separators=(",", ":")), body)
    (HERE / f"{name}.json").write_text(text, encoding="utf-8")
    print(f"{name}.json: {len(LINES)} lines, {len(text) / 1000:.0f} kB")


def sentencepiece_answers():
    for name in MODELS:
        processor = spm.SentencePieceProcessor(model_proto=model_bytes(name))

        def decode(items):
            pieces = [processor.id_to_piece(i) if isinstance(i, int) else i for i in items]
            return processor.decode_pieces(pieces) if pieces else ""

        write(f"spm-{name}", lambda line: processor.encode(line, out_type=str), decode, processor.get_piece_size())


if __name__ == "__main__":
    if "answers" not in sys.argv:
        for name, settings in MODELS.items():
            train(name, settings)
    sentencepiece_answers()
