"""Writes processors.json: scores after transformers 5.17's logits processors and warpers, in the order generate() puts them.
usage: make_processors.py   (needs torch, transformers; run in test/golden)"""
import json, pathlib
import torch
from transformers import GenerationConfig, LogitsProcessorList, OPTConfig, OPTForCausalLM

V, ROWS, PROMPT = 61, 5, 6
g = torch.Generator().manual_seed(11)
logits = (torch.randn(ROWS, V, generator=g) * 2.5).round(decimals=4)
previous = torch.randint(0, 5, (ROWS, 24), generator=g)
CASES = [
    {"typical_p": 0.9}, {"typical_p": 0.2}, {"typical_p": 0.5, "temperature": 1.7, "num_beams": 3},
    {"min_p": 0.1}, {"min_p": 0.9, "num_beams": 2}, {"top_p": 0.05, "num_beams": 2}, {"top_k": 1, "num_beams": 2},
    {"no_repeat_ngram_size": 1}, {"no_repeat_ngram_size": 2}, {"no_repeat_ngram_size": 4}, {"repetition_penalty": 0.6},
    {"min_new_tokens": 18}, {"min_new_tokens": 19},
    {"repetition_penalty": 1.2, "no_repeat_ngram_size": 3, "min_new_tokens": 30, "temperature": 0.6, "top_k": 30, "top_p": 0.95, "min_p": 0.02, "typical_p": 0.9},
]
EOS = [2, 3, 40]
model = OPTForCausalLM(OPTConfig(vocab_size=V, hidden_size=8, word_embed_proj_dim=8, num_hidden_layers=1, num_attention_heads=1, ffn_dim=8))
cases = []
for settings in CASES:
    config = GenerationConfig(do_sample=True, max_new_tokens=40, eos_token_id=EOS, **{"top_k": 0, **settings})
    config._eos_token_tensor = torch.tensor(EOS)
    processors = model._get_logits_processor(generation_config=config, input_ids_seq_length=PROMPT, encoder_input_ids=previous, logits_processor=LogitsProcessorList(), device="cpu")
    out = processors(previous, logits.clone())
    cases.append({"settings": settings, "processors": [type(p).__name__ for p in processors], "scores": [[None if x == -float("inf") else x for x in row] for row in out.tolist()]})
    print(settings, cases[-1]["processors"], [sum(x is not None for x in r) for r in cases[-1]["scores"]])
path = pathlib.Path(__file__).resolve().parent / "processors.json"
path.write_text(json.dumps({"eos_token_id": EOS, "prompt_length": PROMPT, "logits": logits.tolist(), "previous": previous.tolist(), "cases": cases}) + "\n")
