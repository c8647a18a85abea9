"""Writes checkpoints.json: log-likelihoods that transformers and peft find for the models of lm/ with other configs, other weights
and other adapters. What is changed is said in words that test/engine/checkpoint/odd.test.ts follows too."""
import json
import pathlib
import shutil
import tempfile

import numpy as np
import peft
import torch
import transformers
from safetensors.numpy import load_file, save_file
from transformers import AutoModelForCausalLM

torch.set_num_threads(1)
HERE = pathlib.Path(__file__).parent
HEADS = {"gpt2": "transformer.wte.weight", "opt": "model.decoder.embed_tokens.weight"}
ROWS = [[(7 * t * t + 31 * i + 5) % 150 + 3 for t in range(24)] for i in range(3)]

YARN = dict(type="yarn", factor=4.0, original_max_position_embeddings=32)
HALF = [1.0, 1.0, 4.0, 8.0, 1.5, 2.5, 3.5, 6.0]  # as many as a head has pairs


def longrope(pairs, **more):
    return dict(rope_type="longrope", short_factor=HALF[:pairs], long_factor=[1.0] * pairs, **more)


def rope(pairs):
    """Each (name, changes of config.json)."""
    return [
        ("yarn in rope_scaling", dict(rope_scaling=YARN)),
        ("linear in rope_scaling", dict(rope_scaling=dict(type="linear", factor=2.0))),
        ("another theta in rope_parameters", dict(rope_parameters=dict(rope_type="default", rope_theta=500.0))),
        ("rope_scaling beside another theta in rope_parameters", dict(rope_parameters=dict(rope_type="default", rope_theta=500.0), rope_scaling=YARN)),
        ("rope_theta beside rope_scaling", dict(rope_parameters=None, rope_scaling=YARN, rope_theta=500.0)),
        ("rope_theta beside rope_parameters that have one", dict(rope_theta=700.0)),
        ("rope_theta beside rope_parameters without", dict(rope_parameters=dict(rope_type="linear", factor=3.0), rope_theta=700.0)),
        ("original_max_position_embeddings at the top, yarn", dict(rope_parameters=dict(rope_type="yarn", rope_theta=10000.0, factor=4.0), original_max_position_embeddings=32)),
        ("original_max_position_embeddings at both places, yarn", dict(rope_parameters=dict(rope_theta=10000.0, rope_type="yarn", factor=4.0, original_max_position_embeddings=64), original_max_position_embeddings=32)),
        ("original_max_position_embeddings at the top, llama3", dict(rope_parameters=dict(rope_type="llama3", rope_theta=10000.0, factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=8192), original_max_position_embeddings=32)),
        ("original_max_position_embeddings at the top, linear", dict(rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=4.0), original_max_position_embeddings=32)),
        ("yarn, mscale", dict(rope_parameters=dict(rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=32, mscale=0.7, mscale_all_dim=1.3))),
        ("yarn, mscale alone", dict(rope_parameters=dict(rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=32, mscale=0.7))),
        ("yarn, attention_factor", dict(rope_parameters=dict(rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=32, attention_factor=1.4))),
        ("yarn, betas and no truncation", dict(rope_parameters=dict(rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=32, beta_fast=2.0, beta_slow=0.5, truncate=False))),
        ("yarn, no factor", dict(rope_parameters=dict(rope_type="yarn", rope_theta=10000.0, factor=None, original_max_position_embeddings=32))),
        ("attention_factor beside linear", dict(rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=4.0, attention_factor=1.4))),
        ("longrope", dict(rope_parameters=longrope(pairs, rope_theta=10000.0, factor=4.0, original_max_position_embeddings=128))),
        ("longrope, attention_factor", dict(rope_parameters=longrope(pairs, rope_theta=10000.0, attention_factor=1.0, original_max_position_embeddings=256))),
        ("longrope, original_max_position_embeddings at the top", dict(original_max_position_embeddings=128, rope_parameters=longrope(pairs, rope_theta=10000.0, factor=2.0))),
        ("proportional", dict(rope_parameters=dict(rope_type="proportional", rope_theta=10000.0, partial_rotary_factor=0.5))),
        ("proportional, factor", dict(rope_parameters=dict(rope_type="proportional", rope_theta=10000.0, partial_rotary_factor=0.5, factor=3.0))),
        ("empty rope_parameters, rope_theta", dict(rope_parameters={}, rope_theta=300.0)),
        ("empty rope_scaling", dict(rope_scaling={})),
    ]  # fmt: skip


CASES = [
    *[("llama-gqa", name, config, None) for name, config in rope(8)],
    ("qwen2", "yarn in rope_scaling", dict(rope_scaling=YARN), None),
    ("gemma2", "linear in rope_scaling", dict(rope_scaling=dict(type="linear", factor=2.0)), None),
    *[(base, "tied config, another head", dict(tie_word_embeddings=True), "reversed head") for base in ("llama-gqa", "llama3-tied-ropescaling", "qwen2", "gpt2", "opt-pre-ln", "gemma2")],
    *[(base, "tied config, an equal head", dict(tie_word_embeddings=True), "equal head") for base in ("llama3-tied-ropescaling", "gpt2")],
    *[(base, "tied config, the head alone", dict(tie_word_embeddings=True), "head alone") for base in ("llama3-tied-ropescaling", "gpt2", "opt-pre-ln")],
    ("llama-gqa", "pad_token_id -1", dict(pad_token_id=-1), None),
    ("llama-gqa", "swish", dict(hidden_act="swish"), None),
    ("llama-gqa", "gelu_fast", dict(hidden_act="gelu_fast"), None),
    ("llama-gqa", "gelu_python", dict(hidden_act="gelu_python"), None),
    ("gpt2", "gelu_accurate", dict(activation_function="gelu_accurate"), None),
    ("qwen2", "num_key_value_heads null", dict(num_key_value_heads=None), "as many key heads"),
    ("llama-gqa", "a value head", {}, "value head"),
    ("gpt2", "names of other models", dict(n_embd=None, n_layer=None, n_head=None, n_positions=None, hidden_size=64, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=128), None),
]  # fmt: skip


def variant(base, changes, weights, folder):
    """The folder of a model with another config (None beside other names: the field is gone) and other weights."""
    source = HERE / "lm" / base
    config = json.loads((source / "config.json").read_text())
    for key, value in changes.items():
        if base == "gpt2" and value is None:
            config.pop(key, None)
        else:
            config[key] = value
    tensors = load_file(source / "model.safetensors")
    embedding = HEADS.get(config["model_type"], "model.embed_tokens.weight")
    if embedding not in tensors:
        embedding = embedding.removeprefix("transformer.").removeprefix("model.")
    if weights == "reversed head":
        tensors["lm_head.weight"] = np.ascontiguousarray(tensors[embedding][::-1])
    elif weights == "equal head":
        tensors["lm_head.weight"] = tensors[embedding].copy()
    elif weights == "head alone":
        tensors["lm_head.weight"] = tensors.pop(embedding)
    elif weights == "value head":
        tensors["v_head.summary.weight"] = np.ones((1, config["hidden_size"]), np.float32)
        tensors["v_head.summary.bias"] = np.zeros(1, np.float32)
    elif weights == "as many key heads":
        for name in [n for n in tensors if ".k_proj." in n or ".v_proj." in n]:
            x = tensors[name]
            keys = json.loads((source / "config.json").read_text())["num_key_value_heads"]
            x = x.reshape(keys, x.shape[0] // keys, *x.shape[1:]).repeat(config["num_attention_heads"] // keys, axis=0)
            tensors[name] = np.ascontiguousarray(x.reshape(-1, *x.shape[2:]))
    (folder / "config.json").write_text(json.dumps(config))
    save_file(tensors, folder / "model.safetensors", dict(format="pt"))


def likelihoods(model):
    rows = torch.tensor(ROWS)
    with torch.no_grad():
        logp = model(rows).logits.double().log_softmax(-1)
    return (-logp[:, :-1].gather(-1, rows[:, 1:, None])[..., 0].sum(1)).tolist()


def case(base, name, changes, weights):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        variant(base, changes, weights, folder)
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()  # the others have no soft-cap
        return dict(base=base, name=name, config=changes, weights=weights, nll=likelihoods(model))


ADAPTERS = [
    *[("llama-gqa", f"init_lora_weights {init}", dict(init_lora_weights=init), None) for init in ("gaussian", "eva", "orthogonal", "mica", "pissa", "olora", "OLoRA")],
    ("llama-gqa", "pissa, rank-stabilised", dict(init_lora_weights="pissa", use_rslora=True), None),
    ("opt-pre-ln", "init_lora_weights pissa", dict(init_lora_weights="pissa"), None),
    ("opt-pre-ln", "init_lora_weights olora", dict(init_lora_weights="olora"), None),
    ("gpt2", "init_lora_weights pissa", dict(init_lora_weights="pissa"), None),
    ("llama-gqa", "names with the adapter's name", {}, "named"),
    ("llama-gqa", "pytorch", {}, "pytorch"),
    ("llama-gqa", "another embedding", {}, "embedding"),
    ("llama-gqa", "layers_to_transform", dict(layers_to_transform=[0]), None),
    ("llama-gqa", "exclude_modules", dict(exclude_modules=["v_proj"]), None),
    ("llama-gqa", "fewer target_modules", dict(target_modules=["q_proj"]), None),
]  # fmt: skip


def adapter_case(base, name, changes, weights):
    source = HERE / "lm" / base
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        adapter = source / "lora-10-steps"
        config = json.loads((adapter / "adapter_config.json").read_text())
        (folder / "adapter_config.json").write_text(json.dumps({**config, **changes}))
        tensors = load_file(adapter / "adapter_model.safetensors")
        if weights == "named":
            tensors = {n.replace(".weight", ".default.weight"): x for n, x in tensors.items()}
        if weights == "embedding":
            tensors["base_model.model.model.embed_tokens.weight"] = 0.9 * load_file(source / "model.safetensors")["model.embed_tokens.weight"]
        if weights == "pytorch":
            torch.save({n: torch.tensor(x) for n, x in tensors.items()}, folder / "adapter_model.bin")
        else:
            save_file(tensors, folder / "adapter_model.safetensors", dict(format="pt"))
        model = peft.PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32), folder).eval()
        return dict(base=base, name=name, config=changes, weights=weights, nll=likelihoods(model))


def last_position(base):
    """Ten new tokens of which the last has no position."""
    model = AutoModelForCausalLM.from_pretrained(HERE / "lm" / base, dtype=torch.float32).eval()
    longest = model.config.max_position_embeddings
    prompt = [(7 * t * t + 5) % 300 + 3 for t in range(longest - 9)]
    with torch.no_grad():
        out = model.generate(torch.tensor([prompt]), max_new_tokens=10, do_sample=False, eos_token_id=None, pad_token_id=0)
    return dict(base=base, prompt=prompt, new_tokens=out[0, len(prompt) :].tolist())


def tried(make, *args):
    try:
        return make(*args)
    except Exception as error:  # printed, and left out
        print(*args, "->", type(error).__name__, str(error)[:200])


versions = dict(torch=torch.__version__, transformers=transformers.__version__, peft=peft.__version__)
models = [found for args in CASES if (found := tried(case, *args))]
adapters = [found for args in ADAPTERS if (found := tried(adapter_case, *args))]
last = [last_position(base) for base in ("llama-gqa", "gpt2", "opt-pre-ln")]
(HERE / "checkpoints.json").write_text(json.dumps(dict(versions=versions, rows=ROWS, models=models, adapters=adapters, last_position=last)))
