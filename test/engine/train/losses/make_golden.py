"""Gradients of losses other than cross-entropy, by torch's autograd in float64: their norms by parameter, and some numbers of each.

usage: python make_golden.py ../../../golden/lm golden.json      (torch 2.13.0, transformers 5.17.0, CPU)
"""
import json, sys
import torch, transformers
import torch.nn.functional as F
from transformers import AutoModelForCausalLM

folder, out = sys.argv[1:]
short = lambda x: float(f"{x.item():.9g}")


def truncated(logits, targets, gamma):
    nll = F.cross_entropy(logits, targets, reduction="none")
    return nll * (torch.exp(-nll) <= gamma)


def confidence_penalty(logits, targets, weight):
    logs = torch.log_softmax(logits, -1)
    entropy = -(logs.exp() * logs).sum(-1)
    return F.cross_entropy(logits, targets, reduction="none") - weight * entropy


def label_smoothing(logits, targets, epsilon):
    return F.cross_entropy(logits, targets, reduction="none", label_smoothing=epsilon)


losses = [
    ({"kind": "truncated", "gamma": 0.0031}, truncated),
    ({"kind": "confidence-penalty", "weight": 0.7}, confidence_penalty),
    ({"kind": "label-smoothing", "epsilon": 0.2}, label_smoothing),
]
models = {}
for name in ("opt-pre-ln", "gemma2"):
    batch = json.load(open(f"{folder}/{name}/golden.json"))["batches"][0]
    ids, mask, labels = (torch.tensor(batch[k]) for k in ("input_ids", "attention_mask", "labels"))
    targets = labels[:, 1:]
    cases = []
    for settings, loss in losses:
        kind, (value,) = settings["kind"], [v for k, v in settings.items() if k != "kind"]
        model = AutoModelForCausalLM.from_pretrained(f"{folder}/{name}", attn_implementation="eager", dtype=torch.float64)
        logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits[:, :-1]
        counted = targets != -100
        of = loss(logits[counted], targets[counted], value)
        of.mean().backward()
        left = int((of == 0).sum())
        gradients = {n: p.grad.flatten() for n, p in model.named_parameters() if p.grad is not None}
        cases.append({"loss": settings, "value": of.mean().item(), "left": left, "count": int(counted.sum()),
                      "gradients": {n: {"norm": short(g.norm()), "some": [short(x) for x in g[:: max(1, len(g) // 3)][:3]]} for n, g in gradients.items()}})
    models[name] = cases
    print(name, [(c["left"], c["count"], c["value"]) for c in cases])
json.dump({"versions": {"torch": torch.__version__, "transformers": transformers.__version__}, "models": models}, open(out, "w"))
