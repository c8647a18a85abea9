"""Losses of transformers on padded rows with -100 labels, row by row and together, and of training steps on them.

usage: python make_labels.py LM_FOLDER OUT.json      (torch 2.13.0, transformers 5.17.0, CPU)
"""
import json, sys
import torch, transformers
from transformers import AutoModelForCausalLM

folder, out = sys.argv[1:]
models = {}
for name in ("opt-odd-gelu", "llama-gqa", "gpt2"):
    torch.manual_seed(11)
    load = lambda: AutoModelForCausalLM.from_pretrained(f"{folder}/{name}", attn_implementation="eager", dtype=torch.float32)
    model = load()
    vocab = model.config.vocab_size
    lengths, prompts = (7, 20, 12, 5), (3, 12, 1, 4)  # tokens of a row, and how many of them are its prompt
    rows = [torch.randint(3, vocab, (n,)).tolist() for n in lengths]
    labels = [[-100] * p + row[p:] for row, p in zip(rows, prompts)]
    labels[1][15] = -100  # a hole
    labels[2][6] = (labels[2][6] + 1) % vocab  # a label that is not the row's own token
    n = max(lengths)
    pad = lambda lists, fill: torch.tensor([x + [fill] * (n - len(x)) for x in lists])
    batch = {"input_ids": pad(rows, 1), "attention_mask": pad([[1] * k for k in lengths], 0), "labels": pad(labels, -100)}
    with torch.no_grad():
        each = [model(input_ids=torch.tensor([r]), labels=torch.tensor([l])).loss.item() for r, l in zip(rows, labels)]
        whole = model(**batch, use_cache=False).loss.item()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01)
    losses, norms = [], []
    for _ in range(6):
        optimizer.zero_grad()
        loss = model(**batch, use_cache=False).loss
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0).item())
        optimizer.step()
        losses.append(loss.item())
    models[name] = {"rows": rows, "labels": labels, "loss": whole, "row_losses": each, "losses": losses, "grad_norms": norms,
                    "settings": {"lr": 3e-3, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.01, "clip": 1.0}}
json.dump({"versions": {"torch": torch.__version__, "transformers": transformers.__version__}, "models": models}, open(out, "w"))
