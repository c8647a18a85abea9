"""Writes gguf/NAME.gguf: tiny random models as GGUF under the names of gguf-py's own tables, laid out as llama.cpp's converter lays
them out, and in decoders.json the log-likelihoods that transformers finds with the same numbers.

usage: python make_gguf_decoders.py NAME...      (gguf 0.19.0, torch 2.13.0, transformers 5.17.0)
"""
import json, pathlib, sys
from importlib.metadata import version

import gguf
import numpy as np
import torch
import transformers
from gguf import GGMLQuantizationType as Q, MODEL_ARCH
from tokenizers.pre_tokenizers import ByteLevel
from transformers import AutoModelForCausalLM, Gemma2Config, Gemma3TextConfig, GPTNeoXConfig, Qwen3Config

OUT = pathlib.Path(__file__).parent / "gguf"
V = 264
LAYERS = 2
shape = dict(vocab_size=V, hidden_size=32, num_hidden_layers=LAYERS, num_attention_heads=4, max_position_embeddings=64, bos_token_id=1, eos_token_id=2, pad_token_id=0)


def llama_keys(w, c):
    w.add_head_count_kv(c.num_key_value_heads)
    w.add_layer_norm_rms_eps(c.rms_norm_eps)
    w.add_key_length(c.head_dim)
    w.add_value_length(c.head_dim)


def qwen3(w, c):
    llama_keys(w, c)
    w.add_rope_freq_base(c.rope_parameters["rope_theta"])


def gptneox(w, c):
    w.add_rope_dimension_count(int(c.rope_parameters["partial_rotary_factor"] * c.hidden_size // c.num_attention_heads))
    w.add_parallel_residual(c.use_parallel_residual)
    w.add_layer_norm_eps(c.layer_norm_eps)


def gemma3(w, c):
    llama_keys(w, c)
    w.add_rope_freq_base(c.rope_parameters["full_attention"]["rope_theta"])
    w.add_sliding_window(c.sliding_window)


def gemma2(w, c):
    llama_keys(w, c)
    w.add_rope_freq_base(c.rope_parameters["rope_theta"])
    w.add_sliding_window(c.sliding_window)
    w.add_attn_logit_softcapping(c.attn_logit_softcapping)
    w.add_final_logit_softcapping(c.final_logit_softcapping)


def apart(x, c):
    """GPT-NeoX's queries, keys and values, head by head there: all queries first, then all keys, then all values"""
    return x.reshape(c.num_attention_heads, 3, -1, *x.shape[1:]).swapaxes(0, 1).reshape(x.shape)


MODELS = {
    "qwen3": (MODEL_ARCH.QWEN3, qwen3, {}, Qwen3Config(intermediate_size=64, num_key_value_heads=2, head_dim=16, tie_word_embeddings=True,
                                                        rope_parameters=dict(rope_type="default", rope_theta=1e6), **shape)),
    "gptneox": (MODEL_ARCH.GPTNEOX, gptneox, {"attn_qkv": apart}, GPTNeoXConfig(intermediate_size=64, **shape)),
    # llama.cpp scales scores by 1 / sqrt(head size); Gemma 3's every sixth layer sees everything
    "gemma2": (MODEL_ARCH.GEMMA2, gemma2, {"norm": lambda x, c: x + 1}, Gemma2Config(intermediate_size=32, num_key_value_heads=1, head_dim=16,
                                                                                       query_pre_attn_scalar=16, sliding_window=8, attn_logit_softcapping=0.7, final_logit_softcapping=3.0, **shape)),
    "gemma3": (MODEL_ARCH.GEMMA3, gemma3, {"norm": lambda x, c: x + 1}, Gemma3TextConfig(intermediate_size=32, num_key_value_heads=1, head_dim=16,
                                                                                       query_pre_attn_scalar=16, sliding_window=8, **{**shape, "num_hidden_layers": 6})),
}
KINDS = dict(token_embd=Q.Q8_0, attn_q=Q.Q4_1, attn_k=Q.Q8_0, attn_v=Q.Q4_0, attn_qkv=Q.Q8_0, ffn_up=Q.F16, ffn_gate=Q.BF16, ffn_down=Q.Q5_1, output=Q.Q5_0)


def write(name):
    arch, keys, layouts, config = MODELS[name]
    torch.manual_seed(4)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
    w = gguf.GGUFWriter(OUT / f"{name}.gguf", gguf.MODEL_ARCH_NAMES[arch])
    w.add_block_count(config.num_hidden_layers)
    w.add_context_length(config.max_position_embeddings)
    w.add_embedding_length(config.hidden_size)
    w.add_feed_forward_length(config.intermediate_size)
    w.add_head_count(config.num_attention_heads)
    keys(w, config)
    tokens = ["<unk>", "<s>", "</s>", *sorted(ByteLevel.alphabet()), "Ġt", "he", "Ġthe", "ĠĠ", "er"]
    assert len(tokens) == V
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("gpt-2")
    w.add_token_list(tokens)
    w.add_token_types([3, 3, 3] + [1] * (V - 3))
    w.add_token_merges(["Ġ t", "h e", "Ġt he", "Ġ Ġ", "e r"])
    w.add_bos_token_id(1)
    w.add_eos_token_id(2)
    w.add_pad_token_id(0)
    names = gguf.get_tensor_name_map(arch, config.num_hidden_layers)
    with torch.no_grad():
        for key, p in model.state_dict().items():
            if key == "lm_head.weight" and config.tie_word_embeddings: continue
            p.copy_(torch.randn_like(p) * 0.15 + (1 if p.dim() == 1 and key.endswith("weight") and not name.startswith("gemma") else 0))
            full = names.get_name(key, try_suffixes=(".weight", ".bias"))
            short = full.split(".")[-2]
            q = KINDS.get(short, Q.F32) if p.dim() == 2 else Q.F32
            layout = next((f for part, f in layouts.items() if part in short and (part != "norm" or p.dim() == 1)), lambda x, c: x)
            x = layout(p.numpy().astype(np.float32), config)
            data = gguf.quants.quantize(np.ascontiguousarray(x), q)
            w.add_tensor(full, data, raw_dtype=q)
            back = torch.from_numpy(gguf.quants.dequantize(data, q).astype(np.float32).reshape(x.shape))
            if layouts.get(short) is apart: back = back.reshape(3, config.num_attention_heads, -1, *x.shape[1:]).swapaxes(0, 1).reshape(x.shape)
            elif layouts.get("norm") and "norm" in short: back = back - 1
            p.copy_(back)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()
    torch.manual_seed(5)
    rows = torch.randint(3, V, (3, 20))
    with torch.no_grad(): logp = model(rows).logits.double().log_softmax(-1)
    nll = -logp[:, :-1].gather(-1, rows[:, 1:, None])[..., 0].sum(1)
    return dict(rows=rows.tolist(), nll=nll.tolist())


path = OUT / "decoders.json"
golden = json.loads(path.read_text()) if path.exists() else dict(models={})
golden["versions"] = dict(gguf=version("gguf"), transformers=transformers.__version__, torch=torch.__version__)
for name in sys.argv[1:]: golden["models"][name] = write(name)
path.write_text(json.dumps(golden))
