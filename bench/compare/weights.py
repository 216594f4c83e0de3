"""Writes the models of the comparison: random weights in real shapes, as safetensors and as ONNX, the same numbers in both.

    python bench/compare/weights.py FOLDER        (see README.md for what to install)

FOLDER/NAME/ has config.json, generation_config.json and model.safetensors, which Attendant reads, and onnx/, which
transformers.js reads: in float32, and in int8 (`dtype: "q8"`) with the settings of its own conversion of these families. No end token ever wins, so every sentence has as many tokens as were asked for.
"""

import shutil
import sys
from pathlib import Path

import onnx
import torch
from onnxruntime.quantization import QuantType, QuantizationMode
from onnxruntime.quantization.onnx_quantizer import ONNXQuantizer
from onnxruntime.quantization.registry import IntegerOpsRegistry
from optimum.exporters.onnx import main_export
from transformers import MarianConfig, MarianMTModel, T5Config, T5ForConditionalGeneration

sys.path.insert(0, str(Path(__file__).parents[2] / "test/goldens"))
from family_weights import fill  # noqa: E402


def soften(decoder, names, gain):
    """Deep stacks of random layers forget their input and repeat one token; these remember it for longer."""
    for name, parameter in decoder.named_parameters():
        if name.endswith(names):
            parameter.data *= gain


def marian(width, layers, feed_forward, heads, vocabulary):
    config = MarianConfig(
        vocab_size=vocabulary, d_model=width, encoder_layers=layers, decoder_layers=layers, encoder_ffn_dim=feed_forward,
        decoder_ffn_dim=feed_forward, encoder_attention_heads=heads, decoder_attention_heads=heads,
        activation_function="swish", scale_embedding=True, max_position_embeddings=512, pad_token_id=vocabulary - 1,
        eos_token_id=0, decoder_start_token_id=vocabulary - 1, forced_eos_token_id=None, bos_token_id=None,
    )
    model = MarianMTModel(config)
    fill(model, seed=7)
    model.model.shared.weight.data *= 2
    soften(model.model.decoder, ("out_proj.weight", "fc2.weight"), 0.4)
    model.final_logits_bias[:, [0, vocabulary - 1]] = -1e4
    return model


def t5_small(vocabulary):
    config = T5Config(vocab_size=vocabulary, pad_token_id=0, eos_token_id=1, decoder_start_token_id=0)
    model = T5ForConditionalGeneration(config)
    fill(model, seed=7)
    soften(model.decoder, (".o.weight", "wo.weight"), 0.3)
    model.lm_head.weight.data[1] = 0  # tied, so its logit is 0, and the largest of 16,000 is above that
    return model


def quantize(source):
    """Dynamic quantisation: weights in int8 a channel, activations in uint8 on the fly."""
    quantizer = ONNXQuantizer(
        onnx.load(source), per_channel=True, reduce_range=True, mode=QuantizationMode.IntegerOps, static=False,
        weight_qType=QuantType.QInt8, activation_qType=QuantType.QUInt8, tensors_range=None, nodes_to_quantize=[],
        nodes_to_exclude=[], op_types_to_quantize=list(IntegerOpsRegistry),
        extra_options={"EnableSubgraph": True, "MatMulConstBOnly": True},
    )
    quantizer.quantize_model()
    onnx.save(quantizer.model.model, source.with_name(source.stem + "_quantized.onnx"))


MODELS = {
    "opus-mt": lambda: marian(512, 6, 2048, 8, 16000),  # the shape of OPUS-MT, whose vocabularies have 30,000 to 60,000
    "small": lambda: marian(256, 3, 1024, 4, 4000),
    "t5": lambda: t5_small(16000),  # the shape of t5-small, whose vocabulary has 32,128
}

out = Path(sys.argv[1])
for name in sys.argv[2:] or MODELS:
    folder = out / name
    shutil.rmtree(folder, ignore_errors=True)
    torch.manual_seed(0)
    model = MODELS[name]().eval()
    model.generation_config.max_length = 512
    model.save_pretrained(folder)
    main_export(str(folder), folder / "onnx", task="text2text-generation-with-past", do_validation=False, library_name="transformers")
    for part in ("encoder_model", "decoder_model_merged"):
        quantize(folder / "onnx" / f"{part}.onnx")
    ids = torch.arange(100, 112)[None]
    tokens = model.generate(ids, max_new_tokens=64, do_sample=False, num_beams=1)[0].tolist()
    print(f"{name}: {sum(p.numel() for p in model.parameters())} parameters; {len(set(tokens))} different tokens of {len(tokens)}")
