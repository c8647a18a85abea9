"""Writes rotary.json: frequencies, cosines and sines of transformers' rotary embeddings under every supported scaling."""
import json
import pathlib

import torch
import transformers
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

SCALINGS = [
    dict(rope_type="default", rope_theta=100000.0),
    dict(rope_type="linear", factor=4.0, rope_theta=10000.0),
    dict(rope_type="dynamic", factor=2.0, rope_theta=10000.0),
    dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=8192, rope_theta=500000.0),
    dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=32768, rope_theta=1000000.0),
    dict(rope_type="yarn", factor=16.0, original_max_position_embeddings=64, rope_theta=10000.0, beta_fast=16.0, beta_slow=2.0, mscale=0.7, mscale_all_dim=1.3, truncate=False),
    dict(rope_type="yarn", factor=2.0, original_max_position_embeddings=64, rope_theta=10000.0, attention_factor=1.25),
]
POSITIONS = [0, 1, 7, 63]

cases = []
for rope in SCALINGS:
    scaled = rope["rope_type"] in ("llama3", "yarn")
    longest = int(rope["original_max_position_embeddings"] * rope["factor"]) if scaled else 512
    config = LlamaConfig(hidden_size=256, num_attention_heads=4, max_position_embeddings=longest, rope_parameters=dict(rope))
    rotary = LlamaRotaryEmbedding(config)
    cos, sin = rotary(torch.zeros(1, 4, len(POSITIONS), 64), torch.tensor([POSITIONS]))
    cases.append(
        dict(
            rope=rope,
            max_position_embeddings=longest,
            frequencies=rotary.inv_freq.tolist(),
            factor=rotary.attention_scaling,
            positions=POSITIONS,
            cos=cos[0, :, :32].tolist(),
            sin=sin[0, :, :32].tolist(),
        )
    )
versions = dict(torch=torch.__version__, transformers=transformers.__version__)
path = pathlib.Path(__file__).parent / "rotary.json"
path.write_text(json.dumps(dict(versions=versions, head_size=64, cases=cases)))
