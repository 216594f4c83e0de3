"""Trains the shared English-French BPE vocabulary and writes tokenizer.json.

    python training/tokenizer.py --data eng-fra.tsv.gz --out demo/public/models/en-fr/tokenizer.json
"""

import argparse
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

import data

SPECIAL = ["<pad>", "<s>", "</s>", "<unk>"]

# A word with the apostrophe that elides it ("▁l'", "▁don'"), else one other character: merges never
# join a word to its full stop, and "l'homme" becomes "▁l'" + "homme".
PIECE = r"▁?[\p{L}\p{N}]+'?|▁?[^\p{L}\p{N}▁]|▁"


def build(sentences, vocab_size: int) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Replace("’", "'"),
            normalizers.Replace("‘", "'"),
            normalizers.Replace(Regex(r"\s+"), " "),
            normalizers.Strip(),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=False),
            pre_tokenizers.Split(Regex(PIECE), behavior="isolated"),
        ]
    )
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always", split=False)
    trainer = trainers.BpeTrainer(vocab_size=vocab_size, special_tokens=SPECIAL, limit_alphabet=400, show_progress=False)
    tokenizer.train_from_iterator(sentences, trainer)
    eos = tokenizer.token_to_id("</s>")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", eos)]
    )
    return tokenizer


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--vocab-size", type=int, default=6000)
    args = parser.parse_args()
    train, _, _ = data.read(args.data)
    # Each English sentence once: its translations would count its words several times.
    sentences = sorted({english for english, _ in train}) + [french for _, french in train]
    tokenizer = build(sentences, args.vocab_size)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(args.out))
    for text in ["I don't know what Tom's doing.", "L'homme qu'elle aime s'appelle Tom !"]:
        print(tokenizer.encode(text).tokens)
