"""The trained model under Hugging Face's `generate`, which is the oracle of every search that Attendant has."""

import torch
from transformers import GenerationMixin, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput, Seq2SeqLMOutput

from model import Translator


class Encoder(torch.nn.Module):
    """What `generate` calls once a batch. The model is held in a list, so that its weights are not registered twice."""

    main_input_name = "input_ids"

    def __init__(self, translator: Translator):
        super().__init__()
        self.translator = [translator]

    def forward(self, input_ids, attention_mask=None, **_):  # (B, S) -> (B, S, D)
        return BaseModelOutput(last_hidden_state=self.translator[0].encode(input_ids))


class Searchable(PreTrainedModel, GenerationMixin):
    """No cache: every step decodes the sequences so far, as `generate(use_cache=False)` asks for it."""

    config_class = PretrainedConfig
    main_input_name = "input_ids"

    def __init__(self, translator: Translator):
        c = translator.config
        super().__init__(PretrainedConfig(is_encoder_decoder=True, vocab_size=c.tgt_vocab_size))
        self.translator = translator
        self.encoder = Encoder(translator)
        self.generation_config.pad_token_id = c.pad_token_id
        self.generation_config.eos_token_id = c.eos_token_id
        self.generation_config.decoder_start_token_id = c.decoder_start_token_id

    def get_encoder(self, *_, **__):
        return self.encoder

    def prepare_inputs_for_generation(self, input_ids, attention_mask=None, encoder_outputs=None, **_):
        return {"decoder_input_ids": input_ids, "attention_mask": attention_mask, "encoder_outputs": encoder_outputs}

    def forward(self, decoder_input_ids=None, attention_mask=None, encoder_outputs=None, **_):
        # The decoder wants source ids only to know where they are padding.
        pad = self.translator.config.pad_token_id
        source = torch.where(attention_mask.bool(), pad + 1, pad)
        hidden = self.translator.decode(decoder_input_ids, encoder_outputs[0], source)
        return Seq2SeqLMOutput(logits=self.translator.project(hidden))  # (B, T, V)


@torch.no_grad()
def generate(model: Searchable, rows: list[list[int]], **options) -> tuple[list[list[int]], list[float] | None]:
    """Sequences as Attendant returns them (start token first, end token last, no padding) and, for beams, scores."""
    c = model.translator.config
    width = max(map(len, rows))
    ids = torch.tensor([row + [c.pad_token_id] * (width - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
    out = model.generate(
        ids, attention_mask=mask, use_cache=False, return_dict_in_generate=True, output_scores=True, **options
    )
    sequences = [row[: row.index(c.eos_token_id) + 1] if c.eos_token_id in row else row for row in out.sequences.tolist()]
    scores = getattr(out, "sequences_scores", None)
    return sequences, None if scores is None else scores.tolist()
