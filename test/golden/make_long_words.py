"""Writes tokenizers/long-words.json: what the tokenizers library makes of long words with tokenizers/opt (byte-level BPE): sha256 of its ids, comma-separated."""
import hashlib
import json
import pathlib
from importlib.metadata import version

from tokenizers import Tokenizer, models, pre_tokenizers

HERE = pathlib.Path(__file__).parent
OPT = HERE / "tokenizers" / "opt"
tokenizer = Tokenizer(models.BPE.from_file(str(OPT / "vocab.json"), str(OPT / "merges.txt")))
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(False)


def letters(alphabet, n):
    state, out = 1, []
    for _ in range(n):
        state = (state * 1103515245 + 12345) % 2**31
        out.append(alphabet[(state >> 16) % len(alphabet)])
    return "".join(out)


words = []
for alphabet, n in [("ACGT", 50), ("ACGT", 40000), ("theandofing", 20000), ("theinrd", 50000), ("es", 5001), ("the日🦄", 3000), ("e", 3)]:
    ids = tokenizer.encode(letters(alphabet, n), add_special_tokens=False).ids
    words.append(dict(alphabet=alphabet, n=n, tokens=len(ids), sha256=hashlib.sha256(",".join(map(str, ids)).encode()).hexdigest()))
(HERE / "tokenizers" / "long-words.json").write_text(json.dumps(dict(tokenizers=version("tokenizers"), words=words), ensure_ascii=False))
