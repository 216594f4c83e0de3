"""The English-French corpus: read it, clean it, split it by the English sentence.

Source: Tatoeba (tatoeba.org), CC-BY 2.0 FR, by way of manythings.org/anki. One line is English, tab,
French; one English sentence has several French lines. The split hashes the English sentence, so all
translations of a sentence fall on the same side and the test set cannot leak into training.
"""

import gzip
import hashlib
import re
from collections import defaultdict
from pathlib import Path

TEST_PER_MILLE = 13  # about 1,500 English sentences
DEV_PER_MILLE = 9  # about 1,000

# French typography writes a (narrow) no-break space before ! ? ; : and inside « »; the corpus does so
# only now and then. One kind of space and one kind of apostrophe leaves the model fewer ways to be wrong.
SPACES = re.compile(r"[\s\u200b\u00ad]+")


def clean(text: str) -> str:
    return SPACES.sub(" ", text).replace("’", "'").replace("‘", "'").strip()


def bucket(english: str) -> int:
    """A number in 0..999 that depends only on the words, so that "Go." and "Go!" stay together."""
    words = " ".join(re.findall(r"\w+", english.lower()))
    return int.from_bytes(hashlib.sha256(words.encode()).digest()[:4], "big") % 1000


def read(path: Path):
    """Returns (train, dev, test): train is a list of (english, french) pairs, dev and test are lists of
    (english, [french, ...]) with the references as they stand in the corpus, uncleaned."""
    references = defaultdict(list)
    with gzip.open(path, "rt", encoding="utf8") as lines:
        for line in lines:
            english, french = line.rstrip("\n").split("\t")[:2]
            if french not in references[english]:
                references[english].append(french)
    train, dev, test = [], [], []
    for english, french in references.items():
        b = bucket(english)
        if b < TEST_PER_MILLE:
            test.append((english, french))
        elif b < TEST_PER_MILLE + DEV_PER_MILLE:
            dev.append((english, french))
        else:
            train.extend((clean(english), clean(f)) for f in french)
    return train, dev, test
