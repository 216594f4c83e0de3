"""Makes the vocabulary: BPE pieces for both languages, digits one by one, and a piece for each byte, so that every text
has ids and nothing is unknown.

    python training/tokenizer.py --data eng-fra.tsv.gz --more eng-fra-more.tsv.gz --out runs/tokenizer.json

Line breaks, runs of spaces, case and every script survive `decode(encode(text))`; NFC, typographic quotation marks, odd
spaces, white space at the ends and U+2581 do not.
"""

import argparse
import json
import random
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

import data
import mix

# Not <s> and </s>: those are HTML that people type.
PAD, START, END = "<|pad|>", "<|start|>", "<|end|>"
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]

# A word with the apostrophe that elides it ("▁l'", "▁don'"), else one other character: merges never join a word to its
# full stop, "l'homme" becomes "▁l'" + "homme", and each digit is a piece of its own.
PIECE = r"▁?[\p{L}\p{M}]+'?|▁?[^\p{L}\p{M}▁]|▁"

# Characters that are pieces of their own whether the corpus has them or not. All others are spelled by their bytes.
LATIN = "".join(map(chr, [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x180)])) + "ȘșȚțơưẞ"
GREEK = "".join(map(chr, range(0x391, 0x3CF))).replace("\u03a2", "") + "Άάέήίό"
CYRILLIC = "".join(map(chr, range(0x410, 0x450))) + "ЁёЄєІіЇїҐґ"
SIGNS = "–—‘’“”•†‡‰€₹₽₿™№ℓ→←↑↓⇒≤≥≠≈∞√∑−∈✓✔✗★☆♥♪\ufe0f\u200d"
EMOJI = "😀😂🤣😊😍😘😉😎😢😭😡😱🤔🙏👍👎👋👏💪🙌🎉🎂🎁🔥✨💯❤💔💕🚀☕🍕🍷🌍🌞⭐⚽✅❌⚠📧📞📅🐶🐱🌸🏠🚗✈🇫🇷🇬🇧🇺🇸"
ALPHABET = sorted(set(LATIN + GREEK + CYRILLIC + SIGNS + EMOJI) | {"▁", "\n", "\t"})


def replace(pattern, content):
    return normalizers.Replace(Regex(pattern) if isinstance(pattern, str) and len(pattern) > 2 else pattern, content)


def build(sentences, vocab_size: int) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFC(),
            replace("[’‘]", "'"),
            replace("[“”„]", '"'),
            replace("[…]", "..."),
            replace(r"\r\n?", "\n"),
            replace(r"[^\S\n\t]", " "),
            normalizers.Strip(),
            # A line's first word is the same piece as within a line; the decoder takes this space away again.
            replace(r"\n(?=[^\n])", "\n "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=False),
            pre_tokenizers.Split(Regex(PIECE), behavior="isolated"),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[PAD, START, END, *BYTES],
        initial_alphabet=ALPHABET,
        limit_alphabet=len(ALPHABET),
        show_progress=False,
    )
    tokenizer.train_from_iterator(sentences, trainer)
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Replace("\n▁", "\n"),
            decoders.Replace("▁", " "),
            decoders.Strip(" ", 1, 0),
        ]
    )
    end = tokenizer.token_to_id(END)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {END}", pair=f"$A {END} $B {END}", special_tokens=[(END, end)]
    )
    # The bytes were special only so that they got ids; as added tokens a typed "<0x41>" would be one.
    fields = json.loads(tokenizer.to_str())
    fields["added_tokens"] = [token for token in fields["added_tokens"] if token["content"] not in BYTES]
    fields["model"]["byte_fallback"] = True
    return Tokenizer.from_str(json.dumps(fields))


def corpus(train, sources):
    """Everyday sentences whole, each English one once, some in capitals; 4,000 pairs of every other source."""
    random.seed(1)
    everyday = sorted({english for english, _ in train}) + [french for _, french in train]
    yield from everyday
    yield from (text.upper() for text in random.sample(everyday, len(everyday) // 20))
    for source, pairs in sorted(sources.items()):
        for pair in random.sample(pairs, min(len(pairs), mix.VOCABULARY_PAIRS.get(source, 4000))):
            yield from pair


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--more", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--vocab-size", type=int, default=8000)
    args = parser.parse_args()
    train, dev, test = data.read(args.data)
    tokenizer = build(corpus(train, data.read_more(args.more, data.held_out(dev, test))), args.vocab_size)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False, separators=(",", ":")))
    print(f"{tokenizer.get_vocab_size()} pieces")
    for text in ["I don't know what Tom's doing in 2024.", "L'homme qu'elle aime s'appelle Siobhán !", "- one\n  - 東京 🦊"]:
        encoded = tokenizer.encode(text)
        print(encoded.tokens, tokenizer.decode(encoded.ids) == text)
