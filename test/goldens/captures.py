"""Makes captures.safetensors: hidden states and attentions by layer of one checkpoint of each model_type, as transformers gives them.

    pip install -r test/goldens/requirements.txt
    python test/goldens/captures.py    # after families.py; rewrites test/goldens/captures.safetensors

Inputs are the corner of each fixture's own: its first rows and columns. Tensors are named FIXTURE/FIELD/LAYER.
"""

import json
from pathlib import Path

import torch
from family_cases import CASES, classes_of
from safetensors.torch import save_file
from transformers import AutoModelForSeq2SeqLM

torch.set_num_threads(1)
HERE = Path(__file__).parent
ROWS, SOURCE, TARGET = 2, 6, 4


def depths(case) -> tuple[int, int]:
    config = classes_of(case.model_type)[0](**case.config)
    encoder = config.num_hidden_layers
    return encoder, getattr(config, "decoder_layers", None) or getattr(config, "num_decoder_layers", None) or encoder


def fixtures() -> list[str]:
    """Of each model_type the first checkpoint whose padding or depth could be taken for another's, else the first."""
    telling = lambda case: bool(case.target_holes) or depths(case)[0] != depths(case)[1]
    chosen = {}
    for name, case in CASES.items():
        known = chosen.setdefault(case.model_type, name)
        if telling(case) and not telling(CASES[known]):
            chosen[case.model_type] = name
    return list(chosen.values())


FIXTURES = fixtures()
FIELDS = [
    "encoder_hidden_states", "decoder_hidden_states", "encoder_attentions", "decoder_attentions", "cross_attentions",
]  # fmt: skip

tensors = {}
for name in FIXTURES:
    folder = HERE / "families" / name
    golden = json.loads((folder / "golden.json").read_text())
    part = lambda key, columns: torch.tensor([row[:columns] for row in golden[key][:ROWS]])
    model = AutoModelForSeq2SeqLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    with torch.no_grad():
        output = model(
            input_ids=part("input_ids", SOURCE), attention_mask=part("attention_mask", SOURCE), use_cache=False,
            decoder_input_ids=part("decoder_input_ids", TARGET), output_attentions=True, output_hidden_states=True,
        )  # fmt: skip
    for field in FIELDS:
        for layer, tensor in enumerate(output[field]):
            tensors[f"{name}/{field}/{layer}"] = tensor.contiguous()
path = HERE / "captures.safetensors"
save_file(tensors, path)
print(f"{path.name}: {len(tensors)} tensors of {len(FIXTURES)} checkpoints, {path.stat().st_size / 1000:.0f} kB")
