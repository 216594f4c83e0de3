"""Lines of text in 18 scripts, the same as test/support/node/corpus.ts makes: see there.

Both read test/goldens/tokenizers/corpus.json (words) and take every choice from one xorshift generator, so that the lines
need not be committed.
"""

import json
from pathlib import Path

SEED = json.loads((Path(__file__).parent / "tokenizers" / "corpus.json").read_text(encoding="utf-8"))


class Random:
    """Marsaglia's xorshift32 (2003); integers only, so that it is the same in any language."""

    def __init__(self, seed):
        self.state = seed

    def below(self, limit):
        x = self.state
        x ^= (x << 13) & 0xFFFFFFFF
        x ^= x >> 17
        x ^= (x << 5) & 0xFFFFFFFF
        self.state = x
        return x % limit

    def pick(self, items):
        return items[self.below(len(items))]


SCRIPTS = [(name, text.split(" ")) for name, text in SEED["scripts"].items()]
RANGES = SEED["ranges"]


def words(random, script, least, spread, gap):
    count = least + random.below(spread)
    return gap.join(random.pick(script[1]) for _ in range(count))


def character(random):
    low, high = random.pick(RANGES)
    return chr(low + random.below(high - low + 1))


def sprinkle(random, text, extras, one_in):
    """Puts one of `extras` after about every `one_in`th character."""
    out = ""
    for c in text:
        out += c
        if random.below(one_in) == 0:
            out += random.pick(extras)
    return out


def line(random):
    kind = random.below(16)
    script = random.pick(SCRIPTS)
    gap = "" if script[0] in SEED["unspaced"] else " "
    if kind < 5:
        return words(random, script, 2, 8, gap) + random.pick(SEED["ends"])
    if kind == 5:
        return words(random, script, 1, 4, gap) + " " + words(random, random.pick(SCRIPTS), 1, 4, " ")
    if kind == 6:
        out = random.pick(["", random.pick(SEED["spaces"])])
        for _ in range(1 + random.below(5)):
            out += random.pick(script[1]) + random.pick(SEED["spaces"])
        return out
    if kind == 7:
        letters = "".join(script[1])
        return "".join(random.pick(letters) for _ in range(1 + random.below(30)))
    if kind == 8:
        return "".join(character(random) for _ in range(1 + random.below(16)))
    if kind == 9:
        return sprinkle(random, words(random, script, 1, 5, gap), SEED["marks"], 4)
    if kind == 10:
        return words(random, script, 0, 3, gap) + "".join(random.pick(SEED["emoji"]) for _ in range(1 + random.below(6)))
    if kind == 11:
        out = words(random, script, 0, 3, gap)
        for _ in range(1 + random.below(3)):
            out += random.pick(["", " ", "  "]) + random.pick(SEED["special"]) + random.pick(["", " ", "\t"])
            out += words(random, script, 0, 3, gap)
        return out
    if kind == 12:
        return "".join(random.pick(SEED["compatible"]) for _ in range(1 + random.below(20)))
    if kind == 13:
        return sprinkle(random, words(random, script, 1, 5, gap), SEED["controls"], 6)
    if kind == 14:
        return "".join(random.pick(SEED["pieces"]) for _ in range(1 + random.below(12)))
    return random.pick(SEED["edges"])


def corpus(count=20000):
    random = Random(20170612)
    return [line(random) for _ in range(count)]


if __name__ == "__main__":
    import hashlib

    lines = corpus()
    print(len(lines), sum(map(len, lines)), hashlib.sha256("\n".join(lines).encode()).hexdigest())
