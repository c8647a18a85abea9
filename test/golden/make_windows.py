"""Writes windows.json: checkpoints of lm/ as models whose layers look back few tokens: log-likelihoods of rows, and greedy continuations.

usage: python make_windows.py      (in this folder; torch 2.13.0, transformers 5.17.0, CPU)
"""
import json, os, tempfile
import torch, transformers
from transformers import AutoModelForCausalLM

CASES = {
    "llama-gqa": {"model_type": "mistral", "architectures": ["MistralForCausalLM"], "sliding_window": 5},
    "gemma2": {"sliding_window": 4, "layer_types": None},
}
cases = {}
for name, fields in CASES.items():
    with tempfile.TemporaryDirectory() as folder:
        config = json.load(open(f"lm/{name}/config.json"))
        json.dump({**config, **fields}, open(f"{folder}/config.json", "w"))
        os.symlink(os.path.abspath(f"lm/{name}/model.safetensors"), f"{folder}/model.safetensors")
        model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()
    torch.manual_seed(6)
    rows = torch.randint(3, 100, (2, 14))
    with torch.no_grad():
        logp = model(rows).logits.double().log_softmax(-1)
        new = model.generate(rows, attention_mask=torch.ones_like(rows), max_new_tokens=20, min_new_tokens=20, do_sample=False, pad_token_id=1)[:, 14:]
    nll = -logp[:, :-1].gather(-1, rows[:, 1:, None])[..., 0].sum(1)
    cases[name] = {"fields": fields, "rows": rows.tolist(), "nll": nll.tolist(), "greedy": new.tolist()}
json.dump({"versions": {"torch": torch.__version__, "transformers": transformers.__version__}, "cases": cases}, open("windows.json", "w"))
