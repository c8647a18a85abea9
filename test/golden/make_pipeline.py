"""
Writes tokenizers/pipeline.json: small tokenizers, one for each kind of part that a tokenizer.json can have and its settings, with what
the tokenizers library makes of texts (ids) and of ids (texts).
"""
import json
import pathlib
import random
from importlib.metadata import version

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = pathlib.Path(__file__).parent
rng = random.Random(7)
corpus = (HERE / "tokenizer" / "corpus.txt").read_text()
TEXTS = [
    "The foxes' fox ran: fox!", "naïve café Ünïcödé dog's", "a  b   c", " leading and trailing ", "tab\there\nnew\r\nline", "x\u0085y\ufeffz\u00a0w\u2028v",
    "e\u0301te\u0301 Å ǅ ŉ ﬁ", "12 34.5 ²³ ¾ Ⅷ ٣٤ ०१", "don't -- stop… «quoted» ¿qué?", "snake_case __init__ a‿b", "日本語のテキスト 中文", "ΑΣ ΣΑΣ İstanbul ß ẞ",
    "🦄🦄 a🦄b 👩‍👩‍👧", "x\u200dy x\u200cy", "", " ", "\n\n", "fox<tok>fox <tok> fox", "a <left> b <left>  c", "a <right>  b <right>", "<s>fox</s> <S> </s>fox",
    "UPPER Upper upper", "a\u0000b\u0007c\ufffdd", "$ $$ $& \\1 €", "aaaa bbbb abab", "[X] [Y]", "xyzzy qqq", "un##able ▁x ▁▁", "foxXfoxXX", "3.14,15;9",
]
pool = list("abcdefghijklmnop  .,'!?-_0123") + ["é", "日", "🦄", "\n", "\t", "fox", "the ", "ing", "\u00a0", "ß"]
TEXTS += ["".join(rng.choice(pool) for _ in range(30)) for _ in range(12)]


def words(pre, norm=None, keep=1.0, extra=()):
    """A word-level tokenizer whose vocabulary is what the pre-tokenizer makes of the texts."""
    vocab = {"<unk>": 0}
    for text in TEXTS:
        text = norm.normalize_str(text) if norm else text
        for piece, _ in pre.pre_tokenize_str(text) if pre else [(text, 0)]:
            if piece not in vocab and rng.random() <= keep:
                vocab[piece] = len(vocab)
    t = Tokenizer(models.WordLevel(vocab, unk_token="<unk>"))
    if pre:
        t.pre_tokenizer = pre
    if norm:
        t.normalizer = norm
    t.add_tokens(list(extra))
    return t


def bpe(size=320, trainer={}, **options):
    t = Tokenizer(models.BPE(unk_token=options.get("unk_token")))
    t.pre_tokenizer = pre_tokenizers.Whitespace()
    keep = {k: v for k, v in options.items() if k in ("continuing_subword_prefix", "end_of_word_suffix")}
    t.train_from_iterator(corpus.split("\n"), trainers.BpeTrainer(vocab_size=size, special_tokens=["<unk>"] + options.pop("specials", []), show_progress=False, **keep, **trainer))
    trained = json.loads(t.to_str())["model"]
    t = Tokenizer(models.BPE(vocab=trained["vocab"], merges=[tuple(m) for m in trained["merges"]], **options))
    t.pre_tokenizer = pre_tokenizers.Whitespace()
    return t


def pattern(kind):
    return Regex(r"\d+|[A-Z]") if kind == "regex" else "X" if kind == "X" else " "


P, N, D = pre_tokenizers, normalizers, decoders
cases = {}
cases["whitespace"] = words(P.Whitespace())
cases["whitespace, half unknown"] = words(P.Whitespace(), keep=0.5)
cases["whitespace-split"] = words(P.WhitespaceSplit())
cases["char-delimiter"] = words(P.CharDelimiterSplit("X"))
cases["bert"] = words(P.BertPreTokenizer(), N.BertNormalizer())
cases["bert, cased"] = words(P.BertPreTokenizer(), N.BertNormalizer(lowercase=False))
cases["bert, cased without accents"] = words(P.BertPreTokenizer(), N.BertNormalizer(lowercase=False, strip_accents=True, handle_chinese_chars=False, clean_text=False))
for behavior in ("removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"):
    cases[f"punctuation, {behavior}"] = words(P.Punctuation(behavior))
    for kind in ("regex", "X", "space"):
        for invert in (False, True):
            cases[f"split {kind}, {behavior}, {invert}"] = words(P.Split(pattern(kind), behavior, invert))
cases["digits"] = words(P.Digits())
cases["digits, individual"] = words(P.Digits(True))
cases["fixed-length"] = words(P.FixedLength(3)) if hasattr(P, "FixedLength") else words(P.Digits())
for scheme in ("always", "first", "never"):
    for split in (True, False):
        t = words(P.Metaspace(prepend_scheme=scheme, split=split), extra=["<tok>", AddedToken("<left>", normalized=False)])
        t.decoder = D.Metaspace(prepend_scheme=scheme, split=split)
        cases[f"metaspace {scheme}, {split}"] = t
cases["sequence: spaces, punctuation, metaspace first"] = words(P.Sequence([P.WhitespaceSplit(), P.Punctuation(), P.Metaspace(prepend_scheme="first")]))
cases["falcon"] = words(P.Sequence([P.Punctuation("contiguous"), P.ByteLevel(False), P.Digits(), P.Split(Regex("[0-9][0-9][0-9]"), "isolated")]))
for prefix in (True, False):
    for regex in (True, False):
        t = words(P.ByteLevel(prefix, use_regex=regex))
        t.decoder = D.ByteLevel()
        cases[f"byte-level {prefix} {regex}"] = t
for name, norm in dict(lowercase=N.Lowercase(), strip=N.Strip(), lstrip=N.Strip(True, False), rstrip=N.Strip(False, True), accents=N.Sequence([N.NFD(), N.StripAccents()]), nfkc=N.NFKC(), prepend=N.Prepend("▁"), replace=N.Replace(Regex(r"\s+"), "$&"), replace_text=N.Replace("$", "$$"), bytes=N.ByteLevel()).items():
    cases[f"normalizer {name}"] = words(P.WhitespaceSplit(), norm)
added = [AddedToken("fox", single_word=True), AddedToken("<tok>", normalized=False), AddedToken("<left>", lstrip=True), AddedToken("<right>", rstrip=True, normalized=False), AddedToken("ab", normalized=True), AddedToken("abab", normalized=True), AddedToken("Upper", normalized=True)]
cases["added tokens"] = words(P.Whitespace(), keep=0.8, extra=added)
cases["added tokens, lower case"] = words(P.Whitespace(), N.Lowercase(), keep=0.8, extra=added)
cases["added tokens, prepended"] = words(None, N.Sequence([N.Prepend("▁"), N.Replace(" ", "▁")]), keep=0.8, extra=added)
cases["added tokens, prepended"].decoder = D.Sequence([D.Replace("▁", " "), D.Fuse(), D.Strip(" ", 1, 0)])
special = words(P.Whitespace())
special.add_special_tokens(["<s>", "</s>", AddedToken("<S>", normalized=True)])
special.post_processor = processors.TemplateProcessing(single="<s> $A </s>", pair=None, special_tokens=[("<s>", special.token_to_id("<s>")), ("</s>", special.token_to_id("</s>"))])
cases["special tokens"] = special
cases["bpe, unknown"] = bpe(unk_token="<unk>")
cases["bpe, unknown fused"] = bpe(unk_token="<unk>", fuse_unk=True)
cases["bpe, unknown left out"] = bpe()
cases["bpe, suffix"] = bpe(unk_token="<unk>", end_of_word_suffix="</w>")
cases["bpe, suffix"].decoder = D.BPEDecoder()
cases["bpe, prefix"] = bpe(unk_token="<unk>", continuing_subword_prefix="##")
cases["bpe, ignore merges"] = bpe(unk_token="<unk>", ignore_merges=True)
cases["bpe, byte fallback"] = bpe(unk_token="<unk>", fuse_unk=True, byte_fallback=True, specials=[f"<0x{i:02X}>" for i in range(0x40, 0xE8)])
cases["bpe, byte fallback"].decoder = D.Sequence([D.Replace("▁", " "), D.ByteFallback(), D.Fuse(), D.Strip(" ", 1, 1)])
cases["bpe, whole lines"] = bpe(unk_token="<unk>")
cases["bpe, whole lines"].pre_tokenizer = None
t = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=12))
t.pre_tokenizer = P.BertPreTokenizer()
t.train_from_iterator(corpus.split("\n"), trainers.WordPieceTrainer(vocab_size=220, special_tokens=["[UNK]"], show_progress=False))
vocab = json.loads(t.to_str())["model"]["vocab"]
for cleanup in (True, False):
    t = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]", max_input_chars_per_word=12))
    t.normalizer, t.pre_tokenizer, t.decoder = N.BertNormalizer(), P.BertPreTokenizer(), D.WordPiece(cleanup=cleanup)
    cases[f"word-piece, {cleanup}"] = t
t = Tokenizer(models.Unigram())
t.pre_tokenizer = P.Metaspace()
t.train_from_iterator(corpus.split("\n")[:300], trainers.UnigramTrainer(vocab_size=160, special_tokens=["<unk>"], unk_token="<unk>", show_progress=False))
entries = [tuple(e) for e in json.loads(t.to_str())["model"]["vocab"]]
for bytes_ in (False, True):
    vocab = entries + ([(f"<0x{i:02X}>", -20.0) for i in range(256)] if bytes_ else [])
    t = Tokenizer(models.Unigram(vocab, 0, bytes_))
    t.pre_tokenizer, t.decoder = P.Metaspace(), D.Sequence([D.ByteFallback(), D.Metaspace()])
    cases[f"unigram, {bytes_}"] = t

out = []
for name, t in cases.items():
    ids = [t.encode(text, add_special_tokens=False).ids for text in TEXTS]
    size = t.get_vocab_size()
    chosen = [i for i in ids if i][:14] + [[rng.randrange(size + 3) for _ in range(12)] for _ in range(6)]
    out.append(dict(name=name, json=json.loads(t.to_str()), prefix=t.encode("", add_special_tokens=True).ids[:1] if name == "special tokens" else [], ids=ids, decoded=[[c, t.decode(c, skip_special_tokens=False)] for c in chosen]))
(HERE / "tokenizers" / "pipeline.json").write_text(json.dumps(dict(tokenizers=version("tokenizers"), texts=TEXTS, cases=out), ensure_ascii=False))
print(len(out))
