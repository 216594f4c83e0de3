"""What a training run sees: how many pairs of which source are drawn for each round.

    python training/mix.py --data eng-fra.tsv.gz --more eng-fra-more.tsv.gz --share augmented    # prints some
"""

import argparse
import random
from pathlib import Path

import augment
import data
import names
import templates

# Shares of the pairs of a round. Law is long text: 0.5% of the pairs are 1.1% of the French tokens.
SHARES = {
    "everyday": 0.62,  # eng-fra.tsv.gz and tatoeba-2021, as they are
    "augmented": 0.21,  # everyday pairs changed by augment.py: names, numbers, marks, case, several sentences
    "strings": 0.12,  # patterns of templates.py: addresses, code words, other scripts
    "syn": 0.01,  # the syn-... sources
    "law": 0.005,
    "docs": 0.01,
    "interface": 0.015,
    "prose": 0.01,
}

# The last part of a run sees more of what is scored.
FINAL = SHARES | {"everyday": 0.70, "augmented": 0.17, "strings": 0.10, "syn": 0.005, "law": 0.0, "docs": 0.005, "prose": 0.005}
FINAL_FROM = 0.7  # of the run
DISTILLED = 0.4  # of the everyday sentences as they are, where there are distilled ones

GROUPS = {
    "everyday": ["tatoeba-2021"],
    "syn": ["syn-templates", "syn-tatoeba-names", "syn-markup"],
    "law": ["ca-laws", "ca-laws-item", "ca-laws-title"],
    "docs": ["python-docs-fr", "astro-docs", "react-docs", "hf-course", "hf-course-subtitles", "tldr-pages"],
    "prose": ["african-storybook", "tico-19", "opensource-guide", "bible-web-segond", "gc-notify"],
}
# Sources that are in no group are strings of user interfaces and names of things.

# Of these a larger or smaller part than of others goes into the vocabulary.
VOCABULARY_PAIRS = {"syn-templates": 2000, "syn-tatoeba-names": 0, "syn-markup": 0, "bible-web-segond": 2000}


def grouped(everyday, sources):
    """Pairs by group, with sources that no group names under "interface"."""
    groups = {name: [] for name in [*GROUPS, "interface"]}
    groups["everyday"] += everyday
    owner = {source: name for name, members in GROUPS.items() for source in members}
    for source, pairs in sources.items():
        groups[owner.get(source, "interface")] += pairs
    return groups


class Mix:
    """Draws rounds of pairs. Groups are shuffled and dealt out, so that each pair is seen as often as others of its group."""

    def __init__(self, everyday, sources, seed=1, lexicon=None):
        self.rng = random.Random(seed)
        self.groups = grouped(everyday, sources)
        self.decks = {name: [] for name in [*self.groups, "distilled"]}
        self.lexicon = lexicon or augment.Lexicon(everyday[::2])
        self.distilled_share = DISTILLED
        # English words in addresses and identifiers are not to be translated, so all of them come there.
        names.learn_words(self.lexicon.partner)

    @property
    def distilled(self):
        return self.groups.get("distilled")

    @distilled.setter
    def distilled(self, pairs):
        self.groups["distilled"] = pairs

    def deal(self, name):
        if name == "everyday" and self.distilled and self.rng.random() < self.distilled_share:
            name = "distilled"
        if not self.decks[name]:
            self.decks[name] = list(self.groups[name])
            self.rng.shuffle(self.decks[name])
        return self.decks[name].pop()

    def pair(self, share):
        rng = self.rng
        if share == "strings":
            return templates.draw(rng)
        if share != "augmented":
            return self.deal(share)
        if rng.random() < 0.3:
            sentence = lambda: self.deal("everyday") if rng.random() < 0.8 else templates.draw(rng)  # noqa: E731
            return augment.several(sentence, lambda: self.deal("interface"), rng, self.lexicon)
        return augment.change(self.deal("everyday"), rng, self.lexicon)

    def round(self, count, progress=0.0):
        """`progress`: the share of the run that is over."""
        shares = FINAL if progress >= FINAL_FROM else SHARES
        return [self.pair(share) for share in self.rng.choices(list(shares), list(shares.values()), k=count)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Prints pairs of a round.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--more", type=Path, required=True)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--share", choices=list(SHARES))
    args = parser.parse_args()
    train, dev, test = data.read(args.data)
    mix = Mix(train, data.read_more(args.more, data.held_out(dev, test)))
    for english, french in [mix.pair(args.share) for _ in range(args.count)] if args.share else mix.round(args.count):
        print(repr(english), repr(french), sep="\n  ")
