"""Files of torch.save, small ones of every form, with their contents as JSON: test/goldens/torch/.

Run with torch 2.15:  python test/goldens/torch_files.py

`tensors` of a file are what it holds, `others` the names of what is not a tensor. `refused` says that torch.load with
`weights_only` refuses the file, too; then `tensors` are what was saved.
"""

import json
import shutil
from collections import Counter, OrderedDict
from pathlib import Path

import torch

torch.manual_seed(0)
FOLDER = Path(__file__).parent / "torch"
OLD = {"_use_new_zipfile_serialization": False}
DTYPES = {
    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "float8_e4m3fn": "F8_E4M3",
    "float8_e5m2": "F8_E5M2", "int64": "I64", "int32": "I32", "int16": "I16", "int8": "I8", "uint8": "U8",
    "uint16": "U16", "uint32": "U32", "uint64": "U64", "bool": "BOOL", "complex64": "C64",
}  # fmt: skip


def state() -> OrderedDict:
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


def small() -> OrderedDict:
    return OrderedDict(a=torch.tensor([[1.5, -2.0], [3.25, 0.0]]), b=torch.tensor([7.0]))


def beside(**more) -> OrderedDict:
    return OrderedDict(small(), **more)


def noted(tensor: torch.Tensor) -> torch.Tensor:
    tensor.note = {"made": "here"}
    return tensor


def one_storage(dtype: torch.dtype) -> OrderedDict:
    flat = torch.arange(12.0).to(dtype)
    return OrderedDict(a=flat[:4].view(2, 2), b=flat[4:10].view(3, 2), c=flat[10:])


OPTIMIZER = {
    "state": {0: {"step": torch.tensor(3.0), "exp_avg": torch.ones(2, 2)}},
    "param_groups": [{"lr": 0.1, "betas": (0.9, 0.999), "fused": None, "params": [0, 1]}],
}
OTHERS = {
    "number": 3, "fraction": 0.5, "huge": 2**70, "negative": -(2**40), "vast": 2**700, "text": "é", "none": None, "truth": True,
    "surrogate": "a\ud800", "list": [1, [2]], "tuple": (1, 2, (3,)), "dict": {"a": 1, 2: None}, "counter": Counter("aab"),
    "size": torch.Size([2]), "device": torch.device("cpu"), "dtype": torch.float16, "set": {1, 2}, "complex": 1 + 2j,
    "_extra_state": OrderedDict(a=1), "optimizer": OPTIMIZER, "nested": small(), "parameters": [torch.nn.Parameter(torch.ones(2))],
}  # fmt: skip
INTEGERS = ("int64", "int32", "int16", "int8", "uint8", "uint16", "uint32", "uint64")

# Contents, options of torch.save.
FILES = {
    "zip": (state(), {}),
    "legacy": (state(), OLD),
    "plain_dict": ({"a": torch.randn(2, 2), "b": torch.randn(3)}, {}),
    "with_integers": ({"a": torch.randn(2), "embeddings.position_ids": torch.arange(4)[None]}, {}),
    **{f"protocol_{p}": (state(), {"pickle_protocol": p}) for p in (3, 4, 5)},
    **{f"legacy_protocol_{p}": (state(), {"pickle_protocol": p, **OLD}) for p in (3, 4, 5)},
    **{f"beside_{name}": (beside(**{name: value}), {}) for name, value in OTHERS.items()},
    **{f"beside_all_protocol_{p}": (beside(**OTHERS), {"pickle_protocol": p}) for p in (3, 4, 5)},
    "beside_all_legacy": (beside(**OTHERS), OLD),
    **{f"beside_bytes_protocol_{p}": (beside(bytes=b"a\xff", more=bytearray(b"b")), {"pickle_protocol": p}) for p in (2, 3, 4, 5)},
    "beside_frozenset": (beside(some=frozenset([1])), {"pickle_protocol": 4}),
    "parameters": (OrderedDict((n, torch.nn.Parameter(t)) for n, t in small().items()), {}),
    "tensors_with_attributes": (OrderedDict((n, noted(t)) for n, t in small().items()), {}),
    "parameters_with_attributes": (OrderedDict((n, noted(torch.nn.Parameter(t))) for n, t in small().items()), {}),
    "requires_grad": (OrderedDict(a=torch.ones(2, requires_grad=True)), {}),
    "strided": (OrderedDict(a=torch.arange(12.0).view(2, 3, 2)[..., 0], b=torch.arange(20.0).view(4, 5)[::2, 1::2]), {}),
    "overlapping": (OrderedDict(zip("ab", (lambda t: (t[:6], t[3:]))(torch.arange(9.0)))), {}),
    "windows": (OrderedDict(a=torch.arange(6.0).unfold(0, 3, 1)), {}),
    "expanded": (OrderedDict(a=torch.tensor([[2.0]]).expand(3, 4), b=torch.tensor([1.0, 2.0]).expand(2, 2)), {}),
    "column_of_one": (OrderedDict(a=torch.arange(4.0).view(4, 1).t().contiguous().t()), {}),
    **{f"one_storage_{t}": (one_storage(getattr(torch, t)), {}) for t in ("float64", "float32", "float16", "bfloat16")},
    **{f"one_storage_{t}_legacy": (one_storage(getattr(torch, t)), OLD) for t in ("float64", "bfloat16")},
    "float8": (OrderedDict(a=torch.tensor([0.5, -3.0, 448.0, 0.0]).to(torch.float8_e4m3fn), b=torch.tensor([1e-5, -57344.0]).to(torch.float8_e5m2)), {}),
    "integers": (OrderedDict((t, torch.tensor([0, 1, 100]).to(getattr(torch, t))) for t in INTEGERS), {}),
    "signed": (OrderedDict((t, torch.tensor([-1, 1]).to(getattr(torch, t))) for t in INTEGERS[:4]), {}),
    "booleans": (OrderedDict(a=torch.tensor([True, False])), {}),
    "infinite": (OrderedDict(a=torch.tensor([float("-inf"), float("inf"), 1.0])), {}),
}  # fmt: skip


def saved(name: str, contents, options: dict) -> dict:
    path = FOLDER / f"{name}.bin"
    torch.save(contents, path, **options)
    try:
        contents = torch.load(path, weights_only=True)
        refused = {}
    except Exception as error:  # noqa: BLE001
        refused = {"refused": type(error).__name__}
    tensors = {key: value for key, value in contents.items() if isinstance(value, torch.Tensor)}
    described = {
        key: {
            "dtype": DTYPES[str(t.dtype).removeprefix("torch.")],
            "shape": list(t.shape),
            "values": [str(x) if abs(x) == float("inf") else x for x in t.detach().double().flatten().tolist()],
        }
        for key, t in tensors.items()
    }
    return {"tensors": described, "others": [key for key in contents if key not in tensors]} | refused


def main() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    files = {name: saved(name, contents, options) for name, (contents, options) in FILES.items()}
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(file)}" for name, file in files.items())
    (FOLDER / "contents.json").write_text(f'{{"torch": "{torch.__version__}", "files": {{\n{lines}\n}}}}\n')
    print(len(files), "files; torch refuses", [name for name, file in files.items() if "refused" in file])


if __name__ == "__main__":
    main()
