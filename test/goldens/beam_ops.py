"""Makes beams.json: what `generate` of Hugging Face transformers finds with beam search where the logits are a table.

    pip install -r test/goldens/requirements.txt
    python test/goldens/beam_ops.py    # rewrites test/goldens/beams.json

The model is a stand-in: its logits for a prefix are the row of a table that a checksum of the prefix picks, so that a
test can follow the search without a Transformer. Everything else is Hugging Face's own code.
"""

import json
from pathlib import Path

import numpy
import torch
from transformers import BartConfig, BartForConditionalGeneration, logging
from transformers.modeling_outputs import Seq2SeqLMOutput

logging.set_verbosity_error()
torch.set_num_threads(1)
START = 1
ROWS = 997


def table(vocab, seed, divisor, boost):
    """(ROWS, V) logits that a few lines of any language can make again: the halves of a hash, with few equals."""
    values = []
    for i in range(ROWS * vocab):
        h = (i * 0x9E3779B1 + seed * 0x85EBCA77) & 0xFFFFFFFF
        h = ((h ^ (h >> 16)) * 0x7FEB352D) & 0xFFFFFFFF
        h = ((h ^ (h >> 15)) * 0x846CA68B) & 0xFFFFFFFF
        h ^= h >> 16
        values.append(((h & 0xFFFF) + (h >> 16) - 0xFFFF) / divisor + (boost if i % vocab == 2 else 0))
    return torch.tensor(values).view(ROWS, vocab)


def stand_in(logits):
    vocab = logits.shape[1]
    config = BartConfig(
        vocab_size=vocab, d_model=4, encoder_layers=1, decoder_layers=1, encoder_attention_heads=1,
        decoder_attention_heads=1, encoder_ffn_dim=4, decoder_ffn_dim=4, max_position_embeddings=64,
        pad_token_id=0, bos_token_id=0, eos_token_id=2, decoder_start_token_id=START, forced_eos_token_id=None,
    )
    model = BartForConditionalGeneration(config).eval()

    def table_forward(encoder_outputs=None, decoder_input_ids=None, **kwargs):
        # Sentences are told apart by their order: neighbouring rows, one for each beam, are one sentence.
        ids = decoder_input_ids
        sentences = torch.arange(ids.shape[0]) // model.beams
        sums = sentences + 7
        for column in ids.T:
            sums = (sums * 131 + column) % 65521
        rows = sums % ROWS
        return Seq2SeqLMOutput(logits=logits[rows][:, None, :])

    model.forward = table_forward
    return model


@torch.no_grad()
def search(name, vocab, seed, divisor=12000, boost=2.5, batch=1, **options):
    model = stand_in(table(vocab, seed, divisor, boost))
    model.beams = options["num_beams"]
    options = {"eos_token_id": 2, "max_new_tokens": 12, "num_return_sequences": options["num_beams"], **options}
    out = model.generate(
        torch.full((batch, 3), 3), use_cache=False, do_sample=False, return_dict_in_generate=True, output_scores=True,
        output_logits=True, **options,
    )
    returned = options["num_return_sequences"]
    transitions = model.compute_transition_scores(out.sequences, out.scores, out.beam_indices)
    hypotheses = []
    for row, (ids, indices, scores) in enumerate(zip(out.sequences.tolist(), out.beam_indices.tolist(), transitions.tolist())):
        length = sum(i >= 0 for i in indices)
        hypotheses.append({
            "sentence": row // returned,
            "tokens": ids[1 : 1 + length],
            "parents": indices[:length],
            "logprobs": [number(x) for x in scores[:length]],
            "score": number(out.sequences_scores[row].item()),
        })
    return {
        "name": name, "vocab": vocab, "seed": seed, "divisor": divisor, "boost": boost, "batch": batch, "options": options,
        "steps": len(out.scores), "hypotheses": hypotheses,
    }


def number(x):
    return float(numpy.format_float_scientific(numpy.float32(x), unique=True))


cases = [search(f"{k} beams", 37, 10 + k, num_beams=k, boost=k % 4 + 0.5) for k in (2, 3, 4, 5, 8, 13, 16)]
for early in (False, True, "never"):
    for penalty in (1.0, 0.0, 0.6, 2.0, -1.0):
        cases.append(search(f"early_stopping {early}, length_penalty {penalty}", 31, 3, num_beams=4, boost=1.5,
                            early_stopping=early, length_penalty=penalty, max_new_tokens=15))
for early in (False, True, "never"):
    cases.append(search(f"three items, early_stopping {early}", 23, 5, batch=3, num_beams=3, early_stopping=early))
    cases.append(search(f"three end tokens, early_stopping {early}", 41, 6, batch=2, num_beams=4,
                        eos_token_id=[2, 5, 11], early_stopping=early))
cases += [
    search("no end token", 19, 7, num_beams=4, eos_token_id=None, max_new_tokens=5),
    search("one new token", 19, 8, num_beams=4, max_new_tokens=1),
    search("a vocabulary of seven", 7, 9, num_beams=3),
    search("eight end tokens", 73, 10, num_beams=3, eos_token_id=[2, 4, 6, 8, 10, 12, 14, 16]),
    search("flat logits", 53, 11, divisor=90000, boost=0.5, num_beams=6, length_penalty=0.8),
    search("peaked logits", 53, 12, divisor=3000, num_beams=6),
    search("the best of twelve", 97, 13, boost=3.5, num_beams=12, num_return_sequences=1, early_stopping=True, max_new_tokens=24),
    search("five items, long", 61, 14, batch=5, num_beams=5, max_new_tokens=30, length_penalty=1.4),
]
out = {"start": START, "rows": ROWS, "cases": cases}
path = Path(__file__).parent / "beams.json"
path.write_text(json.dumps(out, separators=(",", ":")) + "\n")
print(f"{len(cases)} cases, {path.stat().st_size} bytes, steps {[c['steps'] for c in cases]}")
