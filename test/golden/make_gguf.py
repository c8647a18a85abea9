"""Writes gguf/: tiny random Llama, Qwen2 and GPT-2 models as GGUF, laid out as llama.cpp's converter lays them out, and the
log-likelihoods that transformers finds after loading the same files."""
import json
import pathlib
import re
from importlib.metadata import version

import gguf
import numpy as np
import torch
import transformers
from gguf import GGMLQuantizationType as Q
from transformers import AutoModelForCausalLM, GPT2Config, LlamaConfig, Qwen2Config

OUT = pathlib.Path(__file__).parent / "gguf"
VOCABULARY = 288
ids = dict(bos_token_id=1, eos_token_id=2, pad_token_id=0)
llama = dict(vocab_size=VOCABULARY, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=64, **ids)
CONFIGS = dict(
    llama=LlamaConfig(rms_norm_eps=1e-5, rope_parameters=dict(rope_type="default", rope_theta=5000.0), tie_word_embeddings=True, **llama),
    qwen2=Qwen2Config(tie_word_embeddings=False, **llama),
    gpt2=GPT2Config(vocab_size=VOCABULARY, n_embd=64, n_layer=2, n_head=4, n_positions=64, **ids),
)


def turn(w, heads):
    """llama.cpp's layout of Llama's queries and keys: the two halves of a rotated pair side by side"""
    return w.reshape(heads, 2, w.shape[0] // heads // 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


def alphabet():
    from tokenizers.pre_tokenizers import ByteLevel

    return sorted(ByteLevel.alphabet())


def write(name, config):
    torch.manual_seed(4)
    model = AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn_like(p) * 0.15 + (1 if p.dim() == 1 else 0))
    path = OUT / f"{name}.gguf"
    w = gguf.GGUFWriter(path, name)
    w.add_block_count(2)
    w.add_context_length(64)
    w.add_embedding_length(64)
    w.add_feed_forward_length(96 if name != "gpt2" else 256)
    w.add_head_count(4)
    if name == "gpt2":
        w.add_layer_norm_eps(1e-5)
    else:
        w.add_head_count_kv(2)
        w.add_layer_norm_rms_eps(config.rms_norm_eps)
        w.add_rope_freq_base(config.rope_parameters["rope_theta"])
        w.add_vocab_size(VOCABULARY)
    tokens = ["<unk>", "<s>", "</s>", *alphabet(), "Ġt", "he", "Ġthe", "ĠĠ", "er"]
    tokens += [f"<x{i}>" for i in range(VOCABULARY - len(tokens))]
    types = [3, 3, 3] + [1] * (VOCABULARY - 3)
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre(dict(llama="smollm", qwen2="qwen2", gpt2="gpt-2")[name])
    w.add_token_list(tokens)
    w.add_token_types(types)
    w.add_token_merges(["Ġ t", "h e", "Ġt he", "Ġ Ġ", "e r"])
    w.add_bos_token_id(1)
    w.add_eos_token_id(2)
    w.add_pad_token_id(0)
    for key, value in model.state_dict().items():
        if key == "lm_head.weight" and config.tie_word_embeddings:
            continue
        x = value.numpy().astype(np.float32)
        layer = re.match(r"(?:model\.layers|transformer\.h)\.(\d+)\.(.+)", key)
        table = [
            ("self_attn.q_proj", "attn_q"), ("self_attn.k_proj", "attn_k"), ("self_attn.v_proj", "attn_v"), ("self_attn.o_proj", "attn_output"),
            ("mlp.gate_proj", "ffn_gate"), ("mlp.up_proj", "ffn_up"), ("mlp.down_proj", "ffn_down"),
            ("input_layernorm", "attn_norm"), ("post_attention_layernorm", "ffn_norm"),
            ("attn.c_attn", "attn_qkv"), ("attn.c_proj", "attn_output"), ("mlp.c_fc", "ffn_up"), ("mlp.c_proj", "ffn_down"), ("ln_1", "attn_norm"), ("ln_2", "ffn_norm"),
            ("model.embed_tokens", "token_embd"), ("model.norm", "output_norm"), ("lm_head", "output"),
            ("transformer.wte", "token_embd"), ("transformer.wpe", "position_embd"), ("transformer.ln_f", "output_norm"),
        ]  # fmt: skip
        stem, kind = (layer[2] if layer else key).rsplit(".", 1)
        short = dict(table)[stem]
        if name == "llama" and short in ("attn_q", "attn_k"):
            x = turn(x, 4 if short == "attn_q" else 2)
        if name == "gpt2" and layer and x.ndim == 2:
            x = x.T.copy()
        full = f"blk.{layer[1]}.{short}.{kind}" if layer else f"{short}.{kind}"
        kinds = dict(token_embd=Q.Q8_0, attn_q=Q.Q4_1, attn_k=Q.Q8_0, attn_v=Q.Q4_0, ffn_up=Q.F16, ffn_gate=Q.BF16, ffn_down=Q.Q5_1, attn_qkv=Q.Q8_0, output=Q.Q5_0)
        q = kinds.get(short, Q.F32) if x.ndim == 2 else Q.F32
        w.add_tensor(full, gguf.quants.quantize(x, q), raw_dtype=q)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()

    loaded = AutoModelForCausalLM.from_pretrained(OUT, gguf_file=path.name, dtype=torch.float32).eval()
    rows = torch.randint(3, 260, (3, 20))
    with torch.no_grad():
        logp = loaded(rows).logits.double().log_softmax(-1)
    nll = -logp[:, :-1].gather(-1, rows[:, 1:, None])[..., 0].sum(1)
    return dict(rows=rows.tolist(), nll=nll.tolist())


OUT.mkdir(exist_ok=True)
golden = {name: write(name, config) for name, config in CONFIGS.items()}
versions = dict(gguf=version("gguf"), transformers=transformers.__version__, torch=torch.__version__)
(OUT / "golden.json").write_text(json.dumps(dict(versions=versions, models=golden)))
