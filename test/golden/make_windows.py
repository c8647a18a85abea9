"""Likelihoods of a text through a window that slides over it, after transformers' documentation ("Perplexity of fixed-length models"): nats and
tokens of each record that the text is cut into.

usage: python make_windows.py LM_FOLDER OUT.json      (torch 2.13.0, transformers 5.17.0, CPU)
"""
import json, sys
import torch, transformers
from transformers import AutoModelForCausalLM

folder, out = sys.argv[1:]
BLOCK, TOKENS = 40, 150  # the last record is shorter
models = {}
for name in ("opt-pre-ln", "gpt2", "llama-gqa"):
    torch.manual_seed(23)
    model = AutoModelForCausalLM.from_pretrained(f"{folder}/{name}", attn_implementation="eager", dtype=torch.float32).eval()
    text = torch.randint(3, model.config.vocab_size, (TOKENS,))
    cases = []
    for window, stride in ((64, 32), (64, 16), (32, 7), (32, 32), (128, 64)):
        nll, count = [0.0] * -(-TOKENS // BLOCK), [0] * -(-TOKENS // BLOCK)
        total, previous = 0.0, 0
        for begin in range(0, TOKENS, stride):
            end = min(begin + window, TOKENS)
            ids = text[None, begin:end]
            labels = ids.clone()
            labels[:, : previous - begin] = -100
            with torch.no_grad():
                result = model(ids, labels=labels)
            each = torch.nn.functional.cross_entropy(result.logits[0, :-1].double(), labels[0, 1:], ignore_index=-100, reduction="none")
            counted = [i for i in range(1, end - begin) if labels[0, i] != -100]
            for i in counted:
                nll[(begin + i) // BLOCK] += each[i - 1].item()
                count[(begin + i) // BLOCK] += 1
            if counted:
                total += result.loss.item() * len(counted)
            previous = end
            if end == TOKENS:
                break
        assert abs(total / sum(nll) - 1) < 1e-6
        cases.append({"window": window, "stride": stride, "nll": nll, "count": count})
    models[name] = {"text": text.tolist(), "block": BLOCK, "cases": cases}
json.dump({"versions": {"torch": torch.__version__, "transformers": transformers.__version__}, "models": models}, open(out, "w"))
