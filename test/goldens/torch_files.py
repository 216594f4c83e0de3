"""Files of torch.save, small ones of every form, with their contents as JSON: test/goldens/torch/.

Run with torch 2.15:  python test/goldens/torch_files.py
"""

import json
from collections import OrderedDict
from pathlib import Path

import torch

folder = Path(__file__).parent / "torch"
folder.mkdir(exist_ok=True)
torch.manual_seed(0)


def state():
    """What state dicts hold: tied weights, parameters, views of other tensors, scalars, nothing at all."""
    shared = torch.randn(7, 5)
    block = torch.randn(6, 4)
    tensors = OrderedDict(
        [
            ("shared.weight", shared),
            ("encoder.embed_tokens.weight", shared),
            ("lm_head.weight", torch.nn.Parameter(shared)),
            ("half", torch.randn(3, 3).half()),
            ("brain", torch.randn(5).bfloat16()),
            ("transposed", torch.randn(4, 3).t()),
            ("half_transposed", torch.randn(2, 3, 4).half().permute(2, 0, 1)),
            ("first_rows", block[:2]),
            ("last_rows", block[3:]),
            ("column", torch.randn(5, 3)[:, 1]),
            ("final_logits_bias", torch.randn(1, 7)),
            ("scalar", torch.tensor(1.5)),
            ("empty", torch.zeros(0, 3)),
            ("version", torch.tensor([3.0])),
        ]
    )
    # As torch.nn.Module.state_dict() does.
    tensors._metadata = OrderedDict([("", {"version": 1}), ("lm_head", {"version": 1})])
    return tensors


def dump(name, tensors, **options):
    torch.save(tensors, folder / f"{name}.bin", **options)
    described = {
        key: {
            "dtype": {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64"}[t.dtype],
            "shape": list(t.shape),
            "values": t.detach().double().flatten().tolist(),
        }
        for key, t in tensors.items()
    }
    return name, described


cases = dict(
    [
        dump("zip", state()),
        dump("legacy", state(), _use_new_zipfile_serialization=False),
        dump("plain_dict", {"a": torch.randn(2, 2), "b": torch.randn(3)}),
        dump("with_integers", {"a": torch.randn(2), "embeddings.position_ids": torch.arange(4)[None]}),
    ]
)
(folder / "contents.json").write_text(json.dumps({"torch": torch.__version__, "files": cases}) + "\n")
