"""Makes device_processors.json: what the logits processors of Hugging Face transformers make of scores, by themselves and together.

    pip install -r test/goldens/requirements.txt
    python test/goldens/device_processors.py    # rewrites test/goldens/device_processors.json

The list of processors is the one that `generate` makes (`_get_logits_processor`), so their order is Hugging Face's, too.
"""

import json
import random
import warnings
from pathlib import Path

import numpy
import torch
from transformers import BartConfig, BartForConditionalGeneration, GenerationConfig, logging

warnings.filterwarnings("ignore")
logging.set_verbosity_error()
torch.set_num_threads(1)
V, START, EOS, MAX_LENGTH = 41, 1, 2, 30
config = BartConfig(
    vocab_size=V, d_model=4, encoder_layers=1, decoder_layers=1, encoder_attention_heads=1, decoder_attention_heads=1,
    encoder_ffn_dim=4, decoder_ffn_dim=4, max_position_embeddings=64, decoder_start_token_id=START,
    forced_eos_token_id=None,
)
model = BartForConditionalGeneration(config)
rng = random.Random(2017)
generator = torch.Generator().manual_seed(2017)


def ids(count, high=9):
    return [rng.randrange(3, high) for _ in range(count)]


RULES = {
    "repetition_penalty": lambda: rng.choice([0.6, 1.3, 2.0]),
    "encoder_repetition_penalty": lambda: rng.choice([0.6, 1.3, 2.0]),
    "no_repeat_ngram_size": lambda: rng.choice([1, 2, 3, 4]),
    "encoder_no_repeat_ngram_size": lambda: rng.choice([1, 2, 3]),
    "bad_words_ids": lambda: [[EOS], [7], ids(2), ids(2), ids(3), [40]],
    "sequence_bias": lambda: [[[5], 1.25], [ids(1), -2.5], [ids(2), 3.1], [ids(2), 0.7], [ids(3), -4.0], [[6, 5], 0.3]],
    "suppress_tokens": lambda: [0, 11, 6, 40],
    "begin_suppress_tokens": lambda: [3, 4, 5, 12],
    "min_length": lambda: rng.choice([2, 6, 40]),
    "min_new_tokens": lambda: rng.choice([1, 5, 40]),
    "forced_bos_token_id": lambda: 17,
    "forced_eos_token_id": lambda: rng.choice([EOS, [EOS, 9]]),
    "exponential_decay_length_penalty": lambda: [rng.choice([0, 2, 5]), rng.choice([0.5, 1.01, 1.7])],
    "renormalize_logits": lambda: True,
}


def number(x):
    return None if x == float("-inf") else float(numpy.format_float_scientific(numpy.float32(x), unique=True))


def case(options, length, rows, eos):
    source = ids(rng.choice([1, 2, 7, 12]))
    # Few different tokens, so that they come again.
    sequences = [[START] + ids(length - 1, rng.choice([5, 9])) for _ in range(rows)]
    scores = torch.round(torch.randn(rows, V, generator=generator) * 3, decimals=2)
    given = GenerationConfig(
        eos_token_id=eos, pad_token_id=0, decoder_start_token_id=START, max_length=MAX_LENGTH, num_beams=rows, **options
    )
    given, _ = model._prepare_generation_config(given)
    given.max_length = MAX_LENGTH
    model._prepare_special_tokens(given, True)
    processors = model._get_logits_processor(
        given, input_ids_seq_length=1, encoder_input_ids=torch.tensor([source]), device="cpu", model_kwargs={}
    )
    out = processors(torch.tensor(sequences), scores.clone())
    return {
        "options": options, "eos": eos, "source": source, "sequences": sequences,
        "scores": [[number(x) for x in row] for row in scores.tolist()],
        "expected": [[number(x) for x in row] for row in out.tolist()],
    }


cases = []
for name, make in RULES.items():
    for length in (1, 2, 6, 19, MAX_LENGTH - 1):
        cases.append(case({name: make()}, length, rng.choice([1, 2]), EOS))
for _ in range(90):
    names = rng.sample(list(RULES), rng.choice([2, 3, 5]))
    length = rng.choice([1, 2, 3, 8, 13, MAX_LENGTH - 1])
    options = {name: RULES[name]() for name in names}
    # Where everything is banned, Hugging Face's normalisation gives no numbers.
    cases.append(case(options, length, rng.choice([1, 2]), rng.choice([EOS, [EOS, 9, 5]])))
cases = [c for c in cases if all(x is None or x == x for row in c["expected"] for x in row)]
path = Path(__file__).parent / "device_processors.json"
lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
path.write_text(f'{{"start":{START},"maxLength":{MAX_LENGTH},"vocabulary":{V},"cases":[\n{lines}\n]}}\n')
changed = sum(c["expected"] != c["scores"] for c in cases)
print(f"{len(cases)} cases, {changed} change something, {path.stat().st_size} bytes")
