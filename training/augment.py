"""Changes pairs of sentences so that a model learns to copy: other names and numbers, marks around words, emoji, case,
missing punctuation, several sentences in one input.

Each function takes and returns an (english, french) pair and leaves it as it is where it finds nothing to change.
"""

import re
from collections import Counter

import names

MEN = set("Tom John Jack Bob Bill Jim Ken Mike Tony Dan Fred George Peter Paul Sami Fadil Jackson Johnny Nick Steve Ted".split())
WOMEN = set("Mary Jane Lucy Nancy Ann Alice Emily Layla Kate Betty Linda Susan Jessie Emi Yumi Kumi Julia Carol Helen".split())
CITIES = set("Boston Tokyo Osaka Kyoto Chicago Berlin Paris Kobe Nara Madrid Oslo Kabylie".split())
WORD = re.compile(r"(?<!\w)[^\W\d_]{3,}(?![\w'])")  # a whole one of three letters or more, elided ones left out
VOWEL = re.compile(r"^[aeiouàáâäåéèêëíîïóôöøúüœ]", re.I)
# "de Tom", "qu'Alice": the words that lose their e before a vowel.
ELIDED = r"\b(d|qu|lorsqu|puisqu|jusqu|quoiqu|D|Qu|Lorsqu|Puisqu)(?:e |')"


def put(french: str, old: str, new: str) -> str:
    """Puts another name in, with `de`, `que` in the form that it asks for."""
    ending = "'" if VOWEL.match(new) else "e "
    marker = "\ue000"
    french = re.sub(ELIDED + rf"{old}\b", lambda m: m[1] + ending + marker, french)
    return re.sub(rf"\b{old}\b", marker, french).replace(marker, new)


STRINGS = 0.12  # of the names that are replaced are replaced by a string to copy, so that any place of a sentence has some


def string(rng) -> str:
    return rng.choice([names.email, names.email, names.file, names.file, names.user, names.code, names.url])(rng)


def other_names(pair, rng):
    """Names of people and cities by others."""
    english, french = pair
    for old in sorted(set(re.findall(r"\b[A-Z][a-z]+\b", english))):
        kind = "first_name_male" if old in MEN else "first_name_female" if old in WOMEN else old in CITIES and "city"
        there = "Marie" if old == "Mary" and "Marie" in french else old
        count = len(re.findall(rf"\b{old}\b", english))
        if not kind or len(re.findall(rf"\b{there}\b", french)) != count:
            continue
        new = names.city(rng) if kind == "city" else string(rng) if rng.random() < STRINGS else names.person(rng, kind)
        english = re.sub(rf"\b{old}\b", lambda _, new=new: new, english)
        french = put(french, there, new)
    return english, french


def other_numbers(pair, rng):
    """Numbers that both sides write alike, by others with as many digits."""
    english, french = pair
    found = re.findall(r"(?<![\w.,:])\d+(?![\w.,:%]|\s?[hH]\b)", english)
    for old in set(found):
        pattern = rf"(?<![\w.,]){old}(?!\w|[.,]\d)"
        if int(old) < 2 or len(re.findall(pattern, french)) != 1 or found.count(old) != 1:
            continue
        new = str(rng.randint(max(2, 10 ** (len(old) - 1)), 10 ** len(old) - 1))
        english, french = re.sub(pattern, new, english), re.sub(pattern, new, french)
    return english, french


class Lexicon:
    """Words that translate each other, from how often they stand in the same pair (Dice's coefficient)."""

    def __init__(self, pairs, least=0.35, most_words=12):
        left, right, both = Counter(), Counter(), Counter()
        for english, french in pairs:
            e, f = set(self.words(english)), set(self.words(french))
            if len(e) > most_words or len(f) > most_words + 3:
                continue
            left.update(e)
            right.update(f)
            both.update((a, b) for a in e for b in f)
        self.partner = {}
        for (a, b), count in both.items():
            dice = 2 * count / (left[a] + right[b])
            if count >= 5 and dice >= max(least, self.partner.get(a, ("", 0))[1]):
                self.partner[a] = (b, dice)
        # Found too seldom together, because of "don't" and the like.
        self.partner["not"] = ("pas", 1.0)

    @staticmethod
    def words(text):
        return [w.lower() for w in WORD.findall(text)]

    def match(self, pair, rng):
        """((start, end), (start, end)) of a word and its translation that stand once each, or None."""
        english, french = ({m[0].lower(): m.span() for m in WORD.finditer(text)} for text in pair)
        counts = [Counter(self.words(text)) for text in pair]
        found = [(a, b) for a in english for b in [self.partner.get(a, (a if a[0].isalpha() else "", 0))[0]] if b in french]
        found = [(a, b) for a, b in found if counts[0][a] == counts[1][b] == 1]
        if not found:
            return None
        a, b = rng.choice(found)
        return english[a], french[b]


INLINE = "b i b i u em strong span mark small q a code".split()
BLOCK = "p div li h1 h2 h3 td title blockquote".split()


def tag(rng, among):
    """An opening and a closing mark."""
    name = rng.choice(among)
    extra = rng.choice(["", "", "", f' class="{names.word(rng)}"', f' id="{names.word(rng)}"'])
    if name == "a":
        extra = f' href="{names.url(rng)}"'
    return f"<{name}{extra}>", f"</{name}>"


def marks(rng, among=INLINE):
    kind = rng.randrange(11)
    if kind < 5:
        return tag(rng, among)
    if kind == 10:
        return "![", f"]({names.file(rng)})"
    if kind == 5:
        return "[", f"]({names.url(rng)})"
    return rng.choice([("**", "**"), ("**", "**"), ("*", "*"), ("_", "_"), ("__", "__"), ("~~", "~~"), ("(", ")"), ("[", "]"), ("{", "}")])


def mark_word(pair, rng, lexicon):
    """Marks around one word and around its translation, or both in capitals."""
    spans = lexicon.match(pair, rng)
    if spans is None:
        return pair
    if rng.random() < 0.2:
        return tuple(t[:a] + t[a:b].upper() + t[b:] for t, (a, b) in zip(pair, spans))
    before, after = marks(rng)
    return tuple(t[:a] + before + t[a:b] + after + t[b:] for t, (a, b) in zip(pair, spans))


def ampersand(pair, rng):
    """ "and" and "et" as a sign, where they stand once each."""
    if pair[0].count(" and ") != 1 or pair[1].count(" et ") != 1:
        return pair
    sign = rng.choice([" & ", " &amp; ", " &amp; ", " + ", "&nbsp;&amp; "])
    return pair[0].replace(" and ", sign), pair[1].replace(" et ", sign)


def mark_all(pair, rng):
    if rng.random() < 0.15:
        pair = mark_all(pair, rng)
    if rng.random() < 0.5:
        before, after = marks(rng, INLINE + BLOCK)
    else:
        before, after = rng.choice(["# ", "## ", "### ", "- ", "* ", "> ", "1. ", "- [ ] ", "- [x] ", "• ", f"{rng.randint(2, 20)}. ", "<br>"]), ""
    return before + pair[0] + after, before + pair[1] + after


def attach(pair, rng):
    """A string beside the sentence that stays as it is."""
    english, french = pair
    kind = rng.randrange(8)
    if kind < 4:
        sign = names.emoji(rng)
        gap = rng.choice([" ", " ", " ", ""])
        if rng.random() < 0.2:
            return f"{sign} {english}", f"{sign} {french}"
        return english + gap + sign, french + gap + sign
    text = rng.choice([names.url, names.email, names.user, names.code, names.file, names.identifier, names.other, names.phone])(rng)
    if kind == 4:
        return f"{english} ({text})", f"{french} ({text})"
    if kind == 5:
        return f"{text}: {english}", f"{text} : {french}"
    if kind == 6:
        return f"{text} {english}", f"{text} {french}"
    return f"{english} {text}", f"{french} {text}"


TAILS = """in {file}|dans {file}, with {code}|avec {code}, from {email}|de {email}, to {email}|à {email}, on {url}|sur {url}, at {url}|sur {url}
and {user}|et {user}, by {user}|par {user}, for {code}|pour {code}, or call {phone}|ou appelez le {phone}, under {identifier}|sous {identifier}
about {other}|à propos de {other}, with {version}|avec {version}, in {code}|dans {code}, and {file}|et {file}, like {email}|comme {email}
or {url}|ou {url}, instead of {file}|au lieu de {file}, because of {code}|à cause de {code}, near {other}|près de {other}, except {email}|sauf {email}
to {file}|vers {file}, and {email}|et {email}, for {user}|pour {user}, of {product} {version}|de {product} {version}, with {capitals}|avec {capitals}"""
TAILS = [tuple(tail.strip().split("|")) for tail in re.split(r",\s|\n", TAILS)]
END = re.compile(r"\s*[.!?]+$")


def tail(pair, rng):
    """A few words with a string to copy at the end of a sentence, so that strings are met after words of all kinds."""
    ends = [END.search(text) for text in pair]
    if not all(ends):
        return pair
    chosen = rng.choice(TAILS)
    texts = {key: getattr(names, key)(rng) for key in re.findall(r"\{(\w+)\}", chosen[0])}
    return tuple(f"{text[: end.start()]} {words.format(**texts)}{end[0]}" for text, end, words in zip(pair, ends, chosen))


def bare(pair):
    """Without the marks at the end, where both sides have them."""
    if all(re.search(r"[.!?]$", text) for text in pair):
        return tuple(re.sub(r"\s*[.!?]+$", "", text) for text in pair)
    return pair


def case(pair, rng):
    kind = rng.randrange(8)
    if kind < 4:
        pair = tuple(text.upper() for text in pair)
        return bare(pair) if kind == 0 else pair
    if kind < 6:
        pair = tuple(text.lower() for text in pair)
    return bare(pair) if kind > 4 else pair


def join(pairs, rng):
    """Sentences after each other, on lines of their own, or as a list."""
    kind = rng.randrange(8)
    if kind < 4:
        return tuple(" ".join(texts) for texts in zip(*pairs))
    if kind < 6:
        gap = rng.choice(["\n", "\n", "\n\n"])
        return tuple(gap.join(texts) for texts in zip(*pairs))
    return listed(pairs, rng)


def listed(pairs, rng):
    mark = rng.choice(["- ", "- ", "* ", "• ", "{}. ", "{}) ", "  - ", ""])
    return tuple("\n".join(mark.format(i + 1) + text for i, text in enumerate(texts)) for texts in zip(*pairs))


def change(pair, rng, lexicon):
    """One pair with some of the changes above."""
    if rng.random() < 0.75:
        pair = other_names(pair, rng)
    pair = other_numbers(pair, rng)
    if rng.random() < 0.3:
        pair = case(pair, rng)
    if rng.random() < 0.2:
        pair = ampersand(pair, rng)
    if rng.random() < 0.18:
        pair = mark_word(pair, rng, lexicon)
    if rng.random() < 0.14:
        pair = attach(pair, rng)
    if rng.random() < 0.14:
        pair = tail(pair, rng)
    if rng.random() < 0.10:
        pair = mark_all(pair, rng)
    return pair


SHORT = 30  # characters of an item of a list of names


def several(draw, draw_name, rng, lexicon):
    """Two to four pairs in one, or a list of up to six names of things; `draw()` and `draw_name()` give a pair."""
    if rng.random() < 0.15:
        items = [pair for pair in (draw_name() for _ in range(12)) if len(pair[0]) <= SHORT][: rng.randint(2, 6)]
        if rng.random() < 0.4:
            items = [tuple(text.lower() for text in pair) for pair in items]
        return listed(items, rng) if items else draw()
    pairs = [draw() for _ in range(rng.choice([2, 2, 2, 3, 3, 4]))]
    pairs = [change(pair, rng, lexicon) if rng.random() < 0.5 else pair for pair in pairs]
    return join(pairs, rng)
