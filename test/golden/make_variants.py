"""Writes variants.json: checkpoints of lm/ under other configs: log-likelihoods of rows, and greedy continuations.

usage: python make_variants.py      (in this folder; torch 2.13.0, transformers 5.17.0, CPU)
"""
import json, os, tempfile
import torch, transformers
from transformers import AutoModelForCausalLM

CASES = {
    "Mistral with a window": ("llama-gqa", {"model_type": "mistral", "architectures": ["MistralForCausalLM"], "sliding_window": 5}),
    "Gemma 2 with a window": ("gemma2", {"sliding_window": 4, "layer_types": None}),
    "Gemma 3, fields of before transformers 5": ("gemma3", {"rope_parameters": None, "layer_types": None, "rope_theta": 1000.0, "rope_local_base_freq": 50.0,
                                                            "rope_scaling": {"rope_type": "linear", "factor": 4.0}, "sliding_window_pattern": 2}),
    "GPT-NeoX, one branch after the other": ("gpt-neox", {"use_parallel_residual": False}),
    "GPT-NeoX, positions under their old names": ("gpt-neox", {"rope_parameters": None, "rotary_pct": 1.0, "rotary_emb_base": 300}),
}
cases = {}
for name, (base, fields) in CASES.items():
    with tempfile.TemporaryDirectory() as folder:
        config = json.load(open(f"lm/{base}/config.json"))
        json.dump({**config, **fields}, open(f"{folder}/config.json", "w"))
        os.symlink(os.path.abspath(f"lm/{base}/model.safetensors"), f"{folder}/model.safetensors")
        model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()
    torch.manual_seed(6)
    rows = torch.randint(3, min(100, config["vocab_size"]), (2, 14))
    with torch.no_grad():
        logp = model(rows).logits.double().log_softmax(-1)
        new = model.generate(rows, attention_mask=torch.ones_like(rows), max_new_tokens=20, min_new_tokens=20, do_sample=False, pad_token_id=1)[:, 14:]
    nll = -logp[:, :-1].gather(-1, rows[:, 1:, None])[..., 0].sum(1)
    cases[name] = {"base": base, "fields": fields, "rows": rows.tolist(), "nll": nll.tolist(), "greedy": new.tolist()}
json.dump({"versions": {"torch": torch.__version__, "transformers": transformers.__version__}, "cases": cases}, open("variants.json", "w"))
