"""Writes stop-strings.json: where transformers 5.17's StopStringCriteria ends sequences of the tokens of tokenizer/expected.json.
usage: make_stop_strings.py   (needs torch, transformers; run in test/golden)"""
import json, pathlib, random
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, StopStringCriteria

here = pathlib.Path(__file__).resolve().parent
trained = json.loads((here / "tokenizer" / "expected.json").read_text(encoding="utf-8"))["trained"][1]
tok = Tokenizer(models.BPE(vocab={t: i for i, t in enumerate(trained["vocabulary"])}, merges=[tuple(m.split(" ")) if isinstance(m, str) else tuple(m) for m in trained["merges"]]))
tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tok.decoder = decoders.ByteLevel()
tokenizer = PreTrainedTokenizerFast(tokenizer_object=tok)
ascii_ids = [i for i in range(3, len(trained["vocabulary"])) if tok.decode([i]).isascii() and "\ufffd" not in tok.decode([i])]
rng = random.Random(3)
cases = []
for stops in (["e"], ["the"], [" a", "st "], ["er l", "ow"], ["lower", "\n"], ["zq"]):
    criteria = StopStringCriteria(tokenizer=tokenizer, stop_strings=stops)
    for _ in range(25):
        text = " ".join(rng.choice(["low", "lower", "the", "a", "newest", "other", "best", "also", "zq", "\n"]) for _ in range(12))
        ids = tok.encode(text).ids if rng.random() < 0.5 else [rng.choice(ascii_ids) for _ in range(40)]
        ends = [k for k in range(1, len(ids) + 1) if bool(criteria(torch.tensor([ids[:k]]), None)[0])]
        cases.append({"stop_strings": stops, "ids": ids, "ends": ends})
(here / "stop-strings.json").write_text(json.dumps({"vocabulary": trained["size"], "cases": cases}) + "\n")
print(len(cases), sum(len(c["ends"]) for c in cases))
