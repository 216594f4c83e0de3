"""The models of families.py: made, saved in the layout that a case asks for, read back, and spoilt in one place."""

import copy
import json
from pathlib import Path

import torch
from family_cases import Case, classes_of
from family_weights import fill
from safetensors.torch import save_file

ACTIVATIONS = ("relu", "gelu", "gelu_new", "silu")


def build(case: Case):
    config_class, model_class = classes_of(case.model_type)
    model = model_class(config_class(**case.config)).eval()
    if case.config.get("tie_word_embeddings") is False:
        model.lm_head.weight = torch.nn.Parameter(torch.empty_like(model.lm_head.weight))  # T5's class ties it regardless
    fill(model, case.seed)
    model.to(case.dtype)
    for name, value in case.generation.items():
        setattr(model.generation_config, name, value)
    return model


def save(case: Case, folder: Path) -> None:
    """config.json, generation_config.json and the weights, in the layout that the case asks for."""
    model = build(case)
    if case.storage == "sharded":
        model.save_pretrained(folder, max_shard_size="16KB")
    else:
        model.save_pretrained(folder)
    if case.storage in ("bin", "all"):
        tensors = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
        if case.storage == "all":
            tensors = {name: tensor for name, tensor in tensors.items() if not is_sinusoid(case, name)}
            save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        else:  # as torch.save wrote it for years: tied tensors share a storage
            (folder / "model.safetensors").unlink()
            torch.save(model.state_dict(), folder / "pytorch_model.bin")
    if case.legacy:
        config = json.loads((folder / "config.json").read_text()) | case.legacy
        config = {name: value for name, value in config.items() if value is not None or name not in case.legacy}
        (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def is_sinusoid(case: Case, name: str) -> bool:
    """The tables of Marian and Pegasus, which the class makes itself."""
    return case.model_type in ("marian", "pegasus") and "embed_positions" in name


def load(case: Case, folder: Path, dtype=torch.float32):
    model = classes_of(case.model_type)[1].from_pretrained(folder, dtype=dtype, attn_implementation="eager")
    return model.eval()


def make_inputs(case: Case):
    """Random source rows, padded on the right and at `holes`, and random decoder inputs after the start token."""
    generator = torch.Generator().manual_seed(1000 + case.seed)
    config = classes_of(case.model_type)[0](**case.config)
    pad = config.pad_token_id

    def tokens(vocab, *shape):
        ordinary = torch.tensor([i for i in range(vocab) if i != pad])
        return ordinary[torch.randint(len(ordinary), shape, generator=generator)]

    ids = torch.full((len(case.lengths), max(case.lengths)), pad)
    for row, length in enumerate(case.lengths):
        ids[row, :length] = tokens(config.vocab_size, length)
    for row, column in case.holes:
        ids[row, column] = pad
    mask = (ids != pad).long()
    target = tokens(getattr(config, "decoder_vocab_size", None) or config.vocab_size, len(case.lengths), case.target_length)
    target[:, 0] = config.decoder_start_token_id
    for row, column in case.target_holes:
        target[row, column] = pad
    return ids, mask, target


def mutants(model, case: Case):
    """The model with one thing wrong, by name: what a golden must be able to tell."""

    def changed(**fields):
        config = copy.deepcopy(model.config)
        for name, value in fields.items():
            setattr(config, name, value)
        other = type(model)._from_config(config, attn_implementation="eager").eval()
        if case.config.get("tie_word_embeddings") is False:
            other.lm_head.weight = torch.nn.Parameter(torch.empty_like(other.lm_head.weight))
        state = {name: value for name, value in model.state_dict().items() if not is_sinusoid(case, name)}
        missing, _ = other.load_state_dict(state, strict=False)
        assert all(is_sinusoid(case, name) for name in missing)
        return other

    def with_attribute(name, change):
        other = changed()
        for module in other.modules():
            if hasattr(module, name):
                setattr(module, name, change(getattr(module, name)))
        return other

    t5 = case.model_type in ("t5", "mt5", "umt5")
    field = "dense_act_fn" if t5 else "activation_function"
    own = "silu" if getattr(model.config, field) == "swish" else getattr(model.config, field)
    for name in ACTIVATIONS:
        if name != own and {name, own} != {"gelu", "gelu_new"}:  # these two are closer than the rest
            yield f"activation {name}", changed(**{field: name})
    if t5:
        if case.model_type == "t5":
            yield "scale of the output", changed(scale_decoder_outputs=not model.config.scale_decoder_outputs)
        yield "buckets", with_attribute("relative_attention_num_buckets", lambda buckets: buckets // 2)
        if max(*case.lengths, case.target_length) > 16:
            yield "distance", with_attribute("relative_attention_max_distance", lambda distance: 2 * distance)
        if model.config.layer_norm_epsilon != 1e-6:
            yield "epsilon", changed(layer_norm_epsilon=1e-6)
        return
    yield "scale of the embedding", changed(scale_embedding=not model.config.scale_embedding)
    if hasattr(model, "final_logits_bias"):
        other = changed()
        other.final_logits_bias = torch.zeros_like(model.final_logits_bias)
        yield "final_logits_bias", other
    if case.model_type == "m2m_100":  # its offset counts only while the table is made
        yield "offset of the positions", with_attribute("weights", lambda table: table.roll(1, 0))
    elif any(hasattr(module, "offset") for module in model.modules()):
        yield "offset of the positions", with_attribute("offset", lambda offset: offset - 2)
    else:
        other = changed()
        for side in (other.get_encoder(), other.get_decoder()):
            side.embed_positions.weight = torch.nn.Parameter(side.embed_positions.weight.roll(1, 0), requires_grad=False)
        yield "offset of the positions", other
    if case.model_type == "blenderbot-small":
        other = changed()
        decoder = other.get_decoder()
        norm, decoder.layernorm_embedding = decoder.layernorm_embedding, torch.nn.Identity()
        decoder.layers[0].register_forward_pre_hook(lambda _, inputs: (norm(inputs[0]), *inputs[1:]))
        yield "the decoder's norm after the positions", other
