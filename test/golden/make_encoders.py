"""Makes encoders/NAME: tiny random BERT and MPNet with a WordPiece vocabulary, as sentence-transformers saves them, and in golden.json
what it finds of texts: ids, last hidden states, vectors under every mode of pooling; and MPNet's buckets of distances.

usage: python make_encoders.py OUT      (sentence-transformers 6.2.0, transformers 5.17.0, tokenizers 0.23.3, torch 2.13.0)
"""
import json, os, shutil, sys, tempfile
import sentence_transformers, torch, transformers
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import BertConfig, BertModel, MPNetConfig, MPNetModel, PreTrainedTokenizerFast
from transformers.models.mpnet.modeling_mpnet import MPNetEncoder

OUT = sys.argv[1]
TEXTS = ["The model reads what the model wrote, again and again.", "Café – naïve!", "", "tails vanish " * 30, "a", "Unseen: 漢字 and 12.5%"]
MODES = ["cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"]


def tokenizer(names):
    cls, sep, pad, unk = names
    t = Tokenizer(models.WordPiece(unk_token=unk))
    t.normalizer = normalizers.BertNormalizer(lowercase=True)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.decoder = decoders.WordPiece()
    t.train_from_iterator(TEXTS * 3, trainers.WordPieceTrainer(vocab_size=80, special_tokens=[cls, pad, sep, unk], show_progress=False))
    id = t.token_to_id
    t.post_processor = (processors.TemplateProcessing(single=f"{cls} $A {sep}", pair=f"{cls} $A {sep} $B:1 {sep}:1", special_tokens=[(cls, id(cls)), (sep, id(sep))])
                        if cls == "[CLS]" else processors.RobertaProcessing((sep, id(sep)), (cls, id(cls)), trim_offsets=False, add_prefix_space=False))
    return PreTrainedTokenizerFast(tokenizer_object=t, cls_token=cls, sep_token=sep, pad_token=pad, unk_token=unk, model_max_length=40)


shape = dict(hidden_size=20, num_hidden_layers=2, num_attention_heads=4, intermediate_size=24, initializer_range=0.4, pad_token_id=1)
MODELS = {
    "bert": (["[CLS]", "[SEP]", "[PAD]", "[UNK]"], lambda v: BertModel(BertConfig(vocab_size=v, max_position_embeddings=40, **shape))),
    "mpnet": (["<s>", "</s>", "<pad>", "[UNK]"], lambda v: MPNetModel(MPNetConfig(vocab_size=v, max_position_embeddings=42, **shape))),
}
golden = {"versions": {"sentence-transformers": sentence_transformers.__version__, "transformers": transformers.__version__, "torch": torch.__version__}, "texts": TEXTS, "models": {}}
for name, (names, make) in MODELS.items():
    torch.manual_seed(8)
    tok, folder = tokenizer(names), f"{OUT}/{name}"
    model = make(len(tok)).eval()
    with torch.no_grad():
        for key, p in model.named_parameters():
            if key.endswith("bias") or "LayerNorm" in key: p += 0.3 * torch.randn_like(p)
    with tempfile.TemporaryDirectory() as plain:
        model.save_pretrained(plain); tok.save_pretrained(plain)
        st = SentenceTransformer(plain, device="cpu")
    st[0].processor = tok  # transformers would make one of the model's name of it
    st = SentenceTransformer(modules=[st[0], Pooling(20, pooling_mode="mean"), Normalize()], device="cpu")
    shutil.rmtree(folder, ignore_errors=True)
    st.save(folder)
    for extra in ("README.md", "config_sentence_transformers.json"):
        if os.path.exists(f"{folder}/{extra}"): os.remove(f"{folder}/{extra}")
    ids = [tok(t, truncation=True, max_length=40)["input_ids"] for t in TEXTS]
    hidden = [st.encode(t, output_value="token_embeddings") for t in TEXTS[:3]]
    vectors = {"normalised": st.encode(TEXTS).tolist()}
    for mode in MODES: vectors[mode] = SentenceTransformer(modules=[st[0], Pooling(20, pooling_mode=mode)], device="cpu").encode(TEXTS).tolist()
    short = lambda x: json.loads(json.dumps(x), parse_float=lambda s: float(f"{float(s):.8g}"))
    golden["models"][name] = {"ids": ids, "hidden": short([h.tolist() for h in hidden]), "vectors": short(vectors)}
distances = torch.arange(-300, 301)
golden["buckets"] = {"from": -300, "rows": MPNetEncoder.relative_position_bucket(distances).tolist()}
json.dump(golden, open(f"{OUT}/golden.json", "w"), separators=(",", ":"))
