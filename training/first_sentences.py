"""What a newcomer types first, and what must survive in its translation: `first_sentences.json`, checked.

Each entry has a `kind`, a `text`, what to `keep` (a string, or a list of which any one will do, such as "12,50" for "12.50")
and French words that it is `about` (any one will do, in any case): an output with nothing of either is unrelated to its input.
"""

import json
from collections import defaultdict
from pathlib import Path

FILE = Path(__file__).parent / "first_sentences.json"
# Kinds by the targets that they count for.
TARGETS = {
    "names and numbers": "names places numbers money dates times phones versions scripts".split(),
    "markup, addresses, emoji": "e-mail urls files code users html markdown emoji lists".split(),
    "words and sentences": "case punctuation several words".split(),
}


def read(path: Path = FILE) -> list[dict]:
    return json.loads(path.read_text(encoding="utf8"))


def missing(item: dict, output: str) -> list[str]:
    """What of `keep` the output has not; spaces of any kind count as one."""
    spaced = output.replace("\u00a0", " ").replace("\u202f", " ")
    sets = [[wanted] if isinstance(wanted, str) else wanted for wanted in item["keep"]]
    return [any_of[0] for any_of in sets if not any(text in spaced for text in any_of)]


def related(item: dict, output: str) -> bool:
    low = output.lower()
    if any(word.lower() in low for word in item["about"]):
        return True
    return len(missing(item, output)) < len(item["keep"])


def score(items: list[dict], outputs: list[str]) -> dict:
    """Shares in percent: `kept` by kind and by target, `whole` (all of a sentence kept and related), `unrelated` as a list."""
    kept, total = defaultdict(int), defaultdict(int)
    whole, unrelated = 0, []
    for item, output in zip(items, outputs, strict=True):
        lost = missing(item, output)
        kept[item["kind"]] += len(item["keep"]) - len(lost)
        total[item["kind"]] += len(item["keep"])
        whole += not lost and related(item, output)
        if not related(item, output):
            unrelated.append((item["text"], output))
    share = lambda kinds: round(100 * sum(kept[k] for k in kinds) / max(1, sum(total[k] for k in kinds)), 1)  # noqa: E731
    return {
        "kept": {kind: f"{kept[kind]} of {total[kind]}" for kind in total},
        "targets": {name: share(kinds) for name, kinds in TARGETS.items()},
        "all": share(list(total)),
        "whole": round(100 * whole / len(items), 1),
        "unrelated": unrelated,
    }
