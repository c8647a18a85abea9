"""Writes sentencepiece/: a BPE vocabulary that SentencePiece trains, as GGUF files (tokens, scores, types; no merges) with and without
the prefix space, and what SentencePiece itself makes of awkward texts. Texts with special tokens written out, which SentencePiece
reads as text, are encoded by the tokenizers library in its place; for all others the two are checked to agree.

usage: python make_sentencepiece.py      (sentencepiece 0.2.3, gguf 0.19.0, tokenizers 0.23, transformers 5.17.0)
"""
import io
import json
import pathlib
import random
from importlib.metadata import version

import gguf
import sentencepiece as spm
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, processors
from transformers.integrations.ggml import GGUFTokenizerSkeleton

HERE = pathlib.Path(__file__).parent
OUT = HERE / "sentencepiece"
OUT.mkdir(exist_ok=True)
corpus = (HERE / "tokenizer" / "corpus.txt").read_text()
rng = random.Random(3)
pool = [chr(c) for c in [*range(32, 127), *range(160, 600), *range(0x4E00, 0x4E40), *range(0x1F600, 0x1F640), 9, 10, 13, 0x200B, 0x3000, 0x2581, 0xFE0F]]
pool += ["  ", "   ", " the", "letters", "<s>", "</s>", "<unk>", "<mask>", "<0x41>", "e\u0301", "👩‍👩‍👧", "🏳️‍🌈", "\x00"] * 25
texts = ["", " ", "  ", "a", " a", "  a ", "▁", "\n", "👍🏽 ok", "<s>", "<s> x", "x<s>", "x <s>y </s> z", "<mask>", "a<mask>b", "日本語", "\u0000\u0001", "the  letters", " the", "the "]
texts += [corpus[i : i + 200] for i in range(0, 900, 200)] + ["".join(rng.choice(pool) for _ in range(30)) for _ in range(50)]

def train(prefix):
    model = io.BytesIO()
    spm.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus.split("\n")), model_writer=model, model_type="bpe", vocab_size=420, byte_fallback=True, normalization_rule_name="identity",
        remove_extra_whitespaces=False, add_dummy_prefix=prefix, user_defined_symbols=["<mask>"], character_coverage=0.98, minloglevel=2)
    return spm.SentencePieceProcessor(model_proto=model.getvalue())


golden = {"versions": {name: version(name) for name in ("sentencepiece", "gguf", "tokenizers", "transformers")}, "texts": texts, "cases": {}}
for name, prefix in (("prefix", True), ("no-prefix", False)):
    p = train(prefix)
    tokens, scores = [p.id_to_piece(i) for i in range(len(p))], [p.get_score(i) for i in range(len(p))]
    kind = lambda i: 2 if p.is_unknown(i) else 3 if p.is_control(i) else 6 if p.is_byte(i) else 4 if tokens[i] == "<mask>" else 1
    types = [kind(i) for i in range(len(p))]
    built = GGUFTokenizerSkeleton({"tokens": tokens, "scores": scores}).merges
    t = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, built, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    t.normalizer = normalizers.Sequence(([normalizers.Prepend("▁")] if prefix else []) + [normalizers.Replace(" ", "▁")])
    t.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()] + ([decoders.Strip(" ", 1, 0)] if prefix else []))
    t.add_special_tokens([AddedToken(x, normalized=False) for x in ("<unk>", "<s>", "</s>")])
    t.add_tokens([AddedToken("<mask>", normalized=False)])
    t.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)])
    ids = []
    for text in texts:
        ids.append(t.encode(text, add_special_tokens=False).ids)
        if not any(token in text for token in ("<unk>", "<s>", "</s>", "<mask>")):
            assert p.encode(text) == ids[-1], (name, text, p.encode(text, out_type=str), t.encode(text, add_special_tokens=False).tokens)
    golden["cases"][name] = {"merges": built, "ids": ids, "decoded": [t.decode(i, skip_special_tokens=False) for i in ids]}
    w = gguf.GGUFWriter(OUT / f"{name}.gguf", "llama")
    w.add_tokenizer_model("llama")
    w.add_token_list(tokens)
    w.add_token_scores(scores)
    w.add_token_types(types)
    w.add_bos_token_id(1)
    w.add_eos_token_id(2)
    w.add_unk_token_id(0)
    if not prefix:
        w.add_add_space_prefix(False)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()
(OUT / "golden.json").write_text(json.dumps(golden))
