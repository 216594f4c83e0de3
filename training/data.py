"""The English-French corpora: read them, make them uniform, keep held-out sentences out of training.

`eng-fra.tsv.gz` (Tatoeba: English, tab, French) is split by a hash of the English sentence, so that all translations of a
sentence fall on the same side. `eng-fra-more.tsv.gz` (English, tab, French, tab, source) is for training only. From both,
sentences that are at most one word away from a test or dev sentence of four words or more are left out of training.
"""

import gzip
import hashlib
import re
from collections import defaultdict
from pathlib import Path

import first_sentences

TEST_PER_MILLE = 13  # about 1,500 English sentences
DEV_PER_MILLE = 9  # about 1,000
LAW_ONE_IN = 5  # so many of the 419,009 pairs of law are read: more than a run sees
NEAR_WORDS = 4  # shorter sentences are near to too many others

# One kind of apostrophe, quotation mark and space leaves the model fewer ways to be wrong. The tokenizer's normaliser does
# the same to what a user types. Line breaks and tabs stay.
SAME = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "„": '"', "…": "...", "\u00ad": None, "\u200b": None})
SPACE = re.compile(r"[^\S\n\t]")
LOOSE_MARK = re.compile(r"(?<=[\w)\]»])([!?;:])(?=\s|$)")
QUOTED = re.compile(r'"([^"\n]+)"')


def clean(text: str) -> str:
    return SPACE.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n").translate(SAME)).strip()


def french(text: str) -> str:
    """French typography with plain spaces: one before ! ? ; : and inside « », which stand for straight marks too.
    Text that may be code or markup keeps its marks."""
    text = clean(text)
    if re.search(r"[<>={}`\\]|://", text):
        return text
    text = QUOTED.sub(r"« \1 »", text)
    return re.sub(r"«\s*", "« ", re.sub(r"\s*»", " »", LOOSE_MARK.sub(r" \1", text)))


def words(english: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", english.lower()))


def bucket(english: str) -> int:
    """A number in 0..999 that depends only on the words, so that "Go." and "Go!" stay together."""
    return int.from_bytes(hashlib.sha256(" ".join(words(english)).encode()).digest()[:4], "big") % 1000


class HeldOut:
    """Knows whether a sentence has the words of a held-out one, or all but one of them in the same order."""

    def __init__(self, sentences):
        self.same = {words(s) for s in sentences}
        long = [w for w in self.same if len(w) >= NEAR_WORDS]
        self.shorter = {w[:i] + w[i + 1 :] for w in long for i in range(len(w))}
        self.changed = {w[:i] + (None,) + w[i + 1 :] for w in long for i in range(len(w))}

    def has(self, english: str) -> bool:
        w = words(english)
        if w in self.same:
            return True
        if len(w) >= NEAR_WORDS and any(w[:i] + (None,) + w[i + 1 :] in self.changed for i in range(len(w))):
            return True
        if len(w) > NEAR_WORDS and any(w[:i] + w[i + 1 :] in self.same for i in range(len(w))):
            return True
        return len(w) >= NEAR_WORDS and w in self.shorter


def lines(path: Path):
    with gzip.open(path, "rt", encoding="utf8") as file:
        for line in file:
            yield line.rstrip("\n").split("\t")


def split(path: Path) -> dict[str, list[tuple[str, list[str]]]]:
    """"train", "dev" and "test" of `eng-fra.tsv.gz`: lists of (english, [french, ...]) as they stand in the corpus."""
    references = defaultdict(list)
    for english, translation, *_ in lines(path):
        if translation not in references[english]:
            references[english].append(translation)
    sides = {"train": [], "dev": [], "test": []}
    for english, translations in references.items():
        b = bucket(english)
        side = "test" if b < TEST_PER_MILLE else "dev" if b < TEST_PER_MILLE + DEV_PER_MILLE else "train"
        sides[side].append((english, translations))
    return sides


def read(path: Path):
    """Returns (train, dev, test): train is a list of clean (english, french) pairs without what is near a held-out
    sentence, dev and test are as `split` gives them."""
    sides = split(path)
    held = held_out(sides["dev"], sides["test"])
    train = [(clean(e), french(f)) for e, fs in sides["train"] if not held.has(e) for f in fs]
    return train, sides["dev"], sides["test"]


def read_more(path: Path, held: HeldOut) -> dict[str, list[tuple[str, str]]]:
    """The pairs of `eng-fra-more.tsv.gz` by source, without those that are near a held-out sentence."""
    sources = defaultdict(list)
    for i, (english, translation, source) in enumerate(lines(path)):
        if source.startswith("ca-laws") and i % LAW_ONE_IN:
            continue
        if not held.has(english):
            sources[source].append((clean(english), french(translation)))
    return dict(sources)


def held_out(dev, test) -> HeldOut:
    """Held-out sentences are those of dev, of test and of the list of first sentences."""
    return HeldOut([english for english, _ in dev + test] + [item["text"] for item in first_sentences.read()])
