"""Writes generate/<model>.json: continuations by transformers 5.17 of ragged prompts, for every OPT folder in lm/.
usage: make_generations.py   (needs torch, transformers; run in test/golden)"""
import json, pathlib
import torch
from transformers import GenerationConfig, OPTForCausalLM

CASES = [
    {"max_new_tokens": 30, "min_new_tokens": 30, "num_beams": 1, "eos": 0},
    {"max_new_tokens": 30, "min_new_tokens": 0, "num_beams": 1, "eos": 6},
    {"max_new_tokens": 12, "min_new_tokens": 7, "num_beams": 1, "eos": 6},
    {"max_new_tokens": 40, "min_new_tokens": 40, "num_beams": 4, "eos": 0},
    {"max_new_tokens": 25, "min_new_tokens": 25, "num_beams": 6, "eos": 3},
    {"max_new_tokens": 20, "min_new_tokens": 0, "num_beams": 2, "eos": 1, "length_penalty": 1.0},
    {"max_new_tokens": 20, "min_new_tokens": 0, "num_beams": 3, "eos": 5, "length_penalty": 0.6},
    {"max_new_tokens": 20, "min_new_tokens": 4, "num_beams": 3, "eos": 5, "length_penalty": 2.0},
    {"max_new_tokens": 20, "min_new_tokens": 0, "num_beams": 5, "eos": 4, "length_penalty": 0.0},
    {"max_new_tokens": 20, "min_new_tokens": 2, "num_beams": 4, "eos": 4, "length_penalty": -1.0},
    {"max_new_tokens": 1, "min_new_tokens": 0, "num_beams": 3, "eos": 2},
]
# These look at the tokens before, padding included: every prompt is continued by itself, without any.
ALONE = [
    {"max_new_tokens": 30, "min_new_tokens": 30, "num_beams": 1, "eos": 0, "repetition_penalty": 1.3},
    {"max_new_tokens": 30, "min_new_tokens": 5, "num_beams": 1, "eos": 4, "repetition_penalty": 0.8, "no_repeat_ngram_size": 2},
    {"max_new_tokens": 30, "min_new_tokens": 30, "num_beams": 1, "eos": 0, "no_repeat_ngram_size": 1},
    {"max_new_tokens": 20, "min_new_tokens": 0, "num_beams": 3, "eos": 4, "repetition_penalty": 2.0, "length_penalty": 0.7},
    {"max_new_tokens": 25, "min_new_tokens": 4, "num_beams": 4, "eos": 3, "no_repeat_ngram_size": 2, "repetition_penalty": 1.1},
    {"max_new_tokens": 25, "min_new_tokens": 0, "num_beams": 3, "eos": 4, "early_stopping": True},
    {"max_new_tokens": 25, "min_new_tokens": 3, "num_beams": 5, "eos": 5, "early_stopping": True, "length_penalty": 2.0},
    {"max_new_tokens": 25, "min_new_tokens": 0, "num_beams": 3, "eos": 4, "early_stopping": "never", "length_penalty": 1.5},
    {"max_new_tokens": 25, "min_new_tokens": 0, "num_beams": 4, "eos": 5, "early_stopping": "never", "length_penalty": 0.0},
    {"max_new_tokens": 25, "min_new_tokens": 2, "num_beams": 2, "eos": 2, "early_stopping": "never", "no_repeat_ngram_size": 3},
    {"max_new_tokens": 30, "min_new_tokens": 30, "num_beams": 1, "eos": 0, "prompt_lookup_num_tokens": 10},
    {"max_new_tokens": 30, "min_new_tokens": 6, "num_beams": 1, "eos": 5, "prompt_lookup_num_tokens": 3, "max_matching_ngram_size": 3},
    {"max_new_tokens": 30, "min_new_tokens": 30, "num_beams": 1, "eos": 0, "prompt_lookup_num_tokens": 4, "repetition_penalty": 1.1},
]
here = pathlib.Path(__file__).resolve().parent
for folder in sorted((here / "lm").iterdir()):
    model = OPTForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()
    model.generation_config = GenerationConfig()
    vocabulary = model.config.vocab_size
    g = torch.Generator().manual_seed(7)
    prompts = [torch.randint(3, vocabulary, (n,), generator=g).tolist() for n in (1, 5, 3, 8, 6)]
    longest = max(map(len, prompts))
    ids = torch.tensor([[1] * (longest - len(p)) + p for p in prompts])
    mask = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in prompts])
    with torch.inference_mode():
        # end tokens that come up: the ones greedy search writes most
        free = model.generate(input_ids=ids, attention_mask=mask, max_new_tokens=min(20, model.config.max_position_embeddings - longest), do_sample=False, pad_token_id=1)[:, longest:]
        common = [t for t in torch.bincount(free.flatten(), minlength=vocabulary).argsort(descending=True).tolist() if t != 1]
        cases = []
        for case in CASES + ALONE:
            settings = {k: v for k, v in case.items() if k != "eos"}
            for k in ("max_new_tokens", "min_new_tokens"):
                # a draft of transformers' prompt lookup may go beyond max_new_tokens
                settings[k] = min(settings[k], model.config.max_position_embeddings - longest - case.get("prompt_lookup_num_tokens", 0))
            # transformers' prompt lookup writes nothing behind a prompt that ends with an end token
            last = {p[-1] for p in prompts} if "prompt_lookup_num_tokens" in case else set()
            eos = [t for t in common if t not in last][1 : 1 + case["eos"]] or None
            go = lambda ids, mask: model.generate(input_ids=ids, attention_mask=mask, do_sample=False, pad_token_id=1, eos_token_id=eos, **settings)[:, ids.shape[1] :].tolist()
            out = go(ids, mask) if case in CASES else [go(i, torch.ones_like(i))[0] for i in (torch.tensor([p]) for p in prompts)]
            cut = lambda row: row[: next((i + 1 for i, t in enumerate(row) if t in (eos or [])), len(row))]
            cases.append({"settings": settings, "eos_token_id": eos or [], "new_tokens": [cut(row) for row in out]})
    (here / "generate").mkdir(exist_ok=True)
    (here / "generate" / f"{folder.name}.json").write_text(json.dumps({"prompts": prompts, "cases": cases}) + "\n")
    print(folder.name, [[len(r) for r in c["new_tokens"]] for c in cases])
