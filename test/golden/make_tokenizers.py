"""Writes tokenizers/: small tokenizer.json files of Llama 2's, Llama 3's, Qwen2's and SmolLM2's kinds, and what the tokenizers library makes of texts."""
import json
import pathlib
import random
from importlib.metadata import version

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer

HERE = pathlib.Path(__file__).parent
corpus = (HERE / "tokenizer" / "corpus.txt").read_text()
rng = random.Random(2)
pool = [chr(c) for c in [*range(32, 127), *range(160, 900), *range(0x4E00, 0x4E40), *range(0x1F600, 0x1F640), 9, 10, 13, 0x200B, 0x3000]]
pool += ["  ", " 1", "123456", "<s>", "'LL", "'re", " \n", "\r\n", "e\u0301", " ²", "¾", "Ⅷ"] * 30
texts = [corpus[i : i + 300] for i in range(0, 3000, 300)] + ["".join(rng.choice(pool) for _ in range(40)) for _ in range(60)]


def split(digits):
    words = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|" + digits + r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(words), "isolated"), pre_tokenizers.ByteLevel(False, use_regex=False)])


def build(kind):
    specials = ["<unk>", "<s>", "</s>"]
    if kind == "llama2":
        t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
        t.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
        t.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
        t.train_from_iterator(corpus.split(), trainers.BpeTrainer(vocab_size=450, special_tokens=specials + [f"<0x{i:02X}>" for i in range(256)]))
    else:
        t = Tokenizer(models.BPE(ignore_merges=kind == "llama3"))
        digits = pre_tokenizers.Sequence([pre_tokenizers.Digits(True), pre_tokenizers.ByteLevel(False)])
        t.pre_tokenizer = dict(llama3=split(r"\p{N}{1,3}"), qwen2=split(r"\p{N}"), smollm2=digits)[kind]
        if kind == "qwen2":
            t.normalizer = normalizers.NFC()
        t.decoder = decoders.ByteLevel()
        t.train_from_iterator(corpus.split("\n"), trainers.BpeTrainer(vocab_size=420, special_tokens=specials, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())))
    if kind.startswith("llama"):
        t.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)])
    return t


out = HERE / "tokenizers"
golden = dict(versions=dict(tokenizers=version("tokenizers")), texts=texts, ids={}, decoded={})
for kind in ("llama2", "llama3", "qwen2", "smollm2"):
    t = build(kind)
    (out / kind).mkdir(parents=True, exist_ok=True)
    (out / kind / "tokenizer.json").write_text(json.dumps(json.loads(t.to_str()), ensure_ascii=False))
    golden["ids"][kind] = [t.encode(text, add_special_tokens=False).ids for text in texts]
    golden["decoded"][kind] = [t.decode(ids, skip_special_tokens=False) for ids in golden["ids"][kind]]
# OPT's form: vocab.json, merges.txt and tokenizer_config.json, as transformers loads it
opt = out / "opt"
opt.mkdir(exist_ok=True)
t = Tokenizer(models.BPE())
t.pre_tokenizer = pre_tokenizers.ByteLevel(False)
t.train_from_iterator(corpus.split("\n"), trainers.BpeTrainer(vocab_size=400, special_tokens=["<s>", "<pad>", "</s>"], initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())))
t.model.save(str(opt))
settings = dict(unk_token="</s>", bos_token="</s>", eos_token="</s>", pad_token="<pad>", add_prefix_space=False, add_bos_token=True, errors="replace", tokenizer_class="GPT2Tokenizer")
(opt / "tokenizer_config.json").write_text(json.dumps(settings))
loaded = AutoTokenizer.from_pretrained(opt)
golden["ids"]["opt"] = [loaded.encode(text, add_special_tokens=False) for text in texts]
golden["decoded"]["opt"] = [loaded.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False) for ids in golden["ids"]["opt"]]
print(loaded.encode("a"), loaded.convert_tokens_to_ids("</s>"))
(out / "golden.json").write_text(json.dumps(golden))
