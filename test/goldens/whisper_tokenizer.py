"""What transformers' Whisper tokenizer makes of timestamps and prompts: whisper_tokenizer.json.

    python test/goldens/whisper_tokenizer.py

Over the folders whisper and whisper-stamps of tokenizer_families.py: texts with timestamps and offsets of random
lists of tokens, prompt ids of lines of the corpus, and the ids that output begins with.
"""

import json
from pathlib import Path

import transformers
from corpus import Random
from tokenizer_families import HERE, LINES, WHISPER, opened, replaced, tokenizer_class_from_name

transformers.logging.set_verbosity_error()
LISTS = 200
PROMPTS = [
    {}, {"language": "fr"}, {"language": "GERMAN", "task": "transcribe"}, {"task": "translate", "no_timestamps": False},
    {"language": "castilian", "no_timestamps": True}, {"language": "ko", "task": "transcribe", "no_timestamps": False},
]  # fmt: skip


def token_list(random: Random, first: int, special: list[int], previous: int) -> list[int]:
    """Text, stamps that mostly grow, pairs of them, ends of windows, and now and then any token at all."""
    out = [previous, *(random.below(900) for _ in range(random.below(4)))] if random.below(5) == 0 else []
    if random.below(3):
        out += [special[1], *([special[2 + random.below(6)]] if random.below(2) else [])]
    stamp = 0
    for _ in range(random.below(30)):
        kind = random.below(9)
        if kind < 4:
            out += [random.below(900) for _ in range(1 + random.below(4))]
        elif kind < 7:
            stamp = min(1500, stamp + random.below(200))
            out += [first + stamp] * (1 + random.below(2))
        elif kind == 7:
            stamp = random.below(1 + stamp // 2)
            out.append(first + stamp)
        else:
            out.append(random.pick(special))
    return out


def answers(name: str, folder: dict) -> dict:
    def open_new():
        return opened(tokenizer_class_from_name(folder["class"]), folder["files"])

    tokenizer = open_new()
    special = tokenizer.all_special_ids
    first = special[-1] + 1
    previous = tokenizer.convert_tokens_to_ids("<|startofprev|>")
    random = Random(20170612)
    lists = []
    for _ in range(LISTS):
        ids = token_list(random, first, special, previous)
        plain = tokenizer.decode(ids, skip_special_tokens=True)
        stamped = tokenizer.decode(ids, skip_special_tokens=True, decode_with_timestamps=True)
        offsets = tokenizer.decode(ids, output_offsets=True)["offsets"] if ids else []
        lists.append([ids, plain, stamped, [[o["text"], *map(float, o["timestamp"])] for o in offsets]])
    texts = [replaced(line, WHISPER) for line in LINES[::499]] + ["", "  two  words ", "\u001c a"]
    prompts = []
    for text in texts:
        try:
            prompts.append([text, tokenizer.get_prompt_ids(text, return_tensors=None)])
        except ValueError as error:
            prompts.append([text, str(error).split("token: ")[1].rstrip(".")])
    # Each call changes the tokenizer.
    decoder = [[options, open_new().get_decoder_prompt_ids(**options)] for options in PROMPTS]
    used = sum(len(offsets) > 1 for *_, offsets in lists), sum(isinstance(ids, str) for _, ids in prompts)
    print(name, len(lists), "lists,", used[0], "with several offsets;", len(prompts), "prompts,", used[1], "refused")
    return {"lists": lists, "prompts": prompts, "decoder": decoder}


if __name__ == "__main__":
    folders = json.loads((HERE / "folders.json").read_text(encoding="utf-8"))
    out = {name: answers(name, folder) for name, folder in folders.items() if name in ("whisper", "whisper-stamps")}
    path = Path(__file__).with_name("whisper_tokenizer.json")
    path.write_text(json.dumps(out, separators=(",", ":"), ensure_ascii=True) + "\n")
    print(path.stat().st_size)
