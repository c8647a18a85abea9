"""Writes gguf/rope-freqs.gguf and gguf/rope-llama3.gguf: tiny Llamas whose positions are stretched by a tensor of divisors, as
llama.cpp's converter writes Llama 3.1 and later, and the log-likelihoods of transformers' Llama with its frequencies divided so."""
import json
import math
import pathlib

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as Q
from transformers import LlamaConfig, LlamaForCausalLM

OUT = pathlib.Path(__file__).parent / "gguf"
V, D, F, HEADS, KEYS = 288, 32, 48, 4, 2


def llama3_divisors(theta, size, factor=8.0, low=1.0, high=4.0, context=8192):
    """llama.cpp's convert_hf_to_gguf.py, generate_extra_tensors"""
    found = []
    for i in range(0, size, 2):
        wave = 2 * math.pi * theta ** (i / size)
        if wave < context / high:
            found.append(1.0)
        elif wave > context / low:
            found.append(factor)
        else:
            smooth = (context / wave - low) / (high - low)
            found.append(1 / ((1 - smooth) / factor + smooth))
    return found


def turn(w, heads):
    return w.reshape(heads, 2, w.shape[0] // heads // 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


def write(name, theta, divisors, seed, bias):
    torch.manual_seed(seed)
    config = LlamaConfig(vocab_size=V, hidden_size=D, intermediate_size=F, num_hidden_layers=1, num_attention_heads=HEADS, num_key_value_heads=KEYS,
                         max_position_embeddings=8192, rms_norm_eps=1e-5, attention_bias=bias, rope_parameters=dict(rope_type="default", rope_theta=theta), tie_word_embeddings=True)  # fmt: skip
    model = LlamaForCausalLM(config).eval()
    with torch.no_grad():
        for p in model.parameters():
            p.copy_((torch.randn_like(p) * 0.3 + (1 if p.dim() == 1 else 0)).half().float())
    model.model.rotary_emb.inv_freq /= torch.tensor(divisors)
    w = gguf.GGUFWriter(OUT / f"{name}.gguf", "llama")
    w.add_block_count(1)
    w.add_context_length(8192)
    w.add_embedding_length(D)
    w.add_feed_forward_length(F)
    w.add_head_count(HEADS)
    w.add_head_count_kv(KEYS)
    w.add_layer_norm_rms_eps(1e-5)
    w.add_rope_freq_base(theta)
    w.add_rope_dimension_count(D // HEADS)
    w.add_vocab_size(V)
    w.add_eos_token_id(2)
    w.add_tensor("rope_freqs.weight", np.array(divisors, np.float32))
    names = dict(embed_tokens="token_embd", norm="output_norm", input_layernorm="attn_norm", post_attention_layernorm="ffn_norm", q_proj="attn_q",
                 k_proj="attn_k", v_proj="attn_v", o_proj="attn_output", gate_proj="ffn_gate", up_proj="ffn_up", down_proj="ffn_down")  # fmt: skip
    for key, value in model.state_dict().items():
        if key == "lm_head.weight":
            continue
        x = value.numpy().astype(np.float32)
        *_, stem, kind = key.split(".")
        if stem in ("q_proj", "k_proj"):
            x = turn(x, HEADS if stem == "q_proj" else KEYS)
        full = ("blk.0." if ".layers." in key else "") + f"{names[stem]}.{kind}"
        w.add_tensor(full, x.astype(np.float16), raw_dtype=Q.F16) if x.ndim == 2 else w.add_tensor(full, x)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()
    rows = torch.randint(3, V, (2, 48))
    with torch.no_grad():
        logp = model(rows).logits.double().log_softmax(-1)
    return dict(rows=rows.tolist(), divisors=divisors, nll=(-logp[:, :-1].gather(-1, rows[:, 1:, None])[..., 0].sum(1)).tolist())


golden = {
    "rope-freqs": write("rope-freqs", 10000.0, [1.0, 1.0, 4.0, 8.0], 1, True),
    "rope-llama3": write("rope-llama3", 500000.0, llama3_divisors(500000.0, D // HEADS), 2, False),
}
(OUT / "rope.json").write_text(json.dumps(golden))
