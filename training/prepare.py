"""Writes one file with all that a run on a borrowed GPU reads, so that no device time goes into reading corpora.

    python training/prepare.py --data eng-fra.tsv.gz --more eng-fra-more.tsv.gz --english eng-deu.tsv.gz --out runs/prepared.json.xz

It holds the training pairs (without what is near a held-out sentence, see data.py), the dev sentences, the lexicon and the lists
of names of the augmentation, and English sentences without a French side, for a teacher to translate. The test split is not in it.
"""

import argparse
import json
import lzma
import random
from dataclasses import dataclass
from pathlib import Path

import augment
import data
import mix
import names

MOST_LAW = 20_000  # pairs; a run draws few of them (mix.SHARES)
MOST_WORDS = 30  # of an English sentence to translate
VERSION = 1


@dataclass
class Prepared:
    everyday: list  # (english, french)
    sources: dict  # of `data.read_more`
    dev: list  # (english, [french, ...])
    english: list  # sentences without a translation
    lexicon: augment.Lexicon

    def mix(self, seed: int) -> mix.Mix:
        return mix.Mix(self.everyday, self.sources, seed, self.lexicon)


def without_law(sources, most, rng):
    """Law is two thirds of the other sources and nearly none of a run: at most `most` pairs of it are kept."""
    law = [(source, pair) for source in mix.GROUPS["law"] for pair in sources.get(source, [])]
    kept = {source: pairs for source, pairs in sources.items() if source not in mix.GROUPS["law"]}
    for source, pair in rng.sample(law, min(most, len(law))):
        kept.setdefault(source, []).append(pair)
    return kept


def new_english(path, train, held) -> list[str]:
    """English sentences of another corpus that are neither training sentences nor near a held-out one."""
    seen, out = {data.words(english) for english, _ in train}, []
    for english, *_ in data.lines(path):
        words = data.words(english)
        if words and len(words) <= MOST_WORDS and words not in seen and not held.has(english):
            seen.add(words)
            out.append(data.clean(english))
    return out


def write(path: Path, prepared: Prepared):
    fields = {
        "version": VERSION,
        "everyday": prepared.everyday,
        "sources": prepared.sources,
        "dev": prepared.dev,
        "english": prepared.english,
        "lexicon": {word: partner for word, (partner, _) in prepared.lexicon.partner.items()},
        "names": {kind: names.pool(kind) for kind in names.KINDS},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with lzma.open(path, "wt", encoding="utf8") as file:
        json.dump(fields, file, ensure_ascii=False, separators=(",", ":"))


def read(path: Path) -> Prepared:
    """Also gives `names` its lists."""
    with lzma.open(path, "rt", encoding="utf8") as file:
        fields = json.load(file)
    if fields["version"] != VERSION:
        raise ValueError(f"{path} has version {fields['version']}, not {VERSION}: make it again")
    names.PREPARED.update(fields["names"])
    lexicon = augment.Lexicon([])
    lexicon.partner = {word: (partner, 1.0) for word, partner in fields["lexicon"].items()}
    pairs = lambda lists: [tuple(pair) for pair in lists]  # noqa: E731
    sources = {source: pairs(lists) for source, lists in fields["sources"].items()}
    return Prepared(pairs(fields["everyday"]), sources, pairs(fields["dev"]), fields["english"], lexicon)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--more", type=Path, required=True)
    parser.add_argument("--english", type=Path, required=True, help="a .tsv.gz whose first column is English")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    everyday, dev, test = data.read(args.data)
    held = data.held_out(dev, test)
    sources = without_law(data.read_more(args.more, held), MOST_LAW, random.Random(1))
    english = new_english(args.english, everyday, held)
    write(args.out, Prepared(everyday, sources, dev, english, augment.Lexicon(everyday[::2])))
    print(f"{len(everyday)} everyday pairs, {sum(map(len, sources.values()))} others, {len(english)} English sentences")
    print(f"{args.out}: {args.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
