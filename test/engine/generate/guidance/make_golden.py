"""Greedy tokens of transformers under classifier-free guidance with a second model in the place of the unconditional one.

usage: python make_golden.py ../../../golden/lm golden.json      (torch 2.13.0, transformers 5.17.0, CPU)
"""
import json, sys
import torch, transformers
from transformers import AutoModelForCausalLM, LogitsProcessorList
from transformers.generation import UnbatchedClassifierFreeGuidanceLogitsProcessor

folder, out = sys.argv[1:]
load = lambda name: AutoModelForCausalLM.from_pretrained(f"{folder}/{name}", attn_implementation="eager", dtype=torch.float32)
names = ("llama-gqa", "gpt2")
models = {name: load(name) for name in names}
prompts = json.load(open(f"{folder}/llama-gqa/golden.json"))["prompts"]
rows = [[i for i, m in zip(ids, mask) if m] for ids, mask in zip(prompts["input_ids"], prompts["attention_mask"])]
cases = []
for own, other in (names, names[::-1]):
    for weight in (0.5, 3.0):
        new, margins = [], []
        for row in rows:
            ids = torch.tensor([row])
            guide = UnbatchedClassifierFreeGuidanceLogitsProcessor(1 + weight, models[other], unconditional_ids=ids)
            done = models[own].generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=24, eos_token_id=None, pad_token_id=1,
                                        logits_processor=LogitsProcessorList([guide]), output_scores=True, return_dict_in_generate=True)
            new.append(done.sequences[0, len(row):].tolist())
            margins += [float(torch.diff(s[0].topk(2).values).abs()) for s in done.scores]
        cases.append({"s": own, "other": other, "weight": weight, "new_tokens": new})
        print(own, other, weight, "least margin", min(margins), new[0][:8])
json.dump({"versions": {"torch": torch.__version__, "transformers": transformers.__version__}, "prompts": rows, "cases": cases}, open(out, "w"))
