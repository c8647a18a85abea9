"""Writes tokenizer/expected.json: merges and encodings by Hugging Face tokenizers. usage: make_tokenizer.py   (run in test/golden)"""
import json, pathlib
import tokenizers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

folder = pathlib.Path(__file__).resolve().parent / "tokenizer"
trained = []
for size in (300, 420, 900):
    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tok.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=["<s>", "<pad>", "</s>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), min_frequency=0, show_progress=False)
    tok.train([str(folder / "corpus.txt")], trainer)
    model = json.loads(tok.to_str())["model"]
    vocabulary = [t for t, _ in sorted(model["vocab"].items(), key=lambda e: e[1])]
    texts = (folder / "corpus.txt").read_text(encoding="utf-8").split("\n") + ["", "</s>the lowest<pad> </s>", "a\u0085b \ufeffc\u00a0d\u2003 e\r\n\r\n", "unseen: qzxj 0123456789"]
    trained.append({"size": size, "vocabulary": vocabulary, "merges": model["merges"], "encodings": [{"text": t, "ids": tok.encode(t).ids} for t in texts]})
(folder / "expected.json").write_text(json.dumps({"tokenizers": tokenizers.__version__, "trained": trained}, ensure_ascii=False) + "\n", encoding="utf-8")
print([(t["size"], len(t["vocabulary"]), len(t["merges"])) for t in trained])
