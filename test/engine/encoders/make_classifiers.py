"""Makes golden/classifiers/NAME: tiny random sequence classifiers as transformers saves them, the last hidden states and logits also as ONNX, and
in golden.json what transformers' text-classification pipeline finds of texts.

usage: python make_classifiers.py OUT      (transformers 5.17.0, tokenizers 0.23.3, torch 2.13.0; onnx for the .onnx files)
"""
import json, os, shutil, sys
import torch, transformers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (BertConfig, BertForSequenceClassification, DistilBertConfig, DistilBertForSequenceClassification, PreTrainedTokenizerFast,
                          RobertaConfig, RobertaForSequenceClassification, pipeline)

OUT = sys.argv[1]
TEXTS = ["The model reads what the model wrote, again and again.", "Café – naïve!", "", "tails vanish " * 30, "a", "Unseen: 漢字 and 12.5%"]


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


BERT, ROBERTA = ["[CLS]", "[SEP]", "[PAD]", "[UNK]"], ["<s>", "</s>", "<pad>", "[UNK]"]
shape = dict(hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=16, initializer_range=0.4, pad_token_id=1)
labels = lambda *names: dict(id2label=dict(enumerate(names)), label2id={name: i for i, name in enumerate(names)})
MODELS = {
    "bert": (BERT, lambda v: BertForSequenceClassification(BertConfig(vocab_size=v, max_position_embeddings=40, **labels("machine", "human"), **shape))),
    "roberta": (ROBERTA, lambda v: RobertaForSequenceClassification(RobertaConfig(vocab_size=v, max_position_embeddings=42, type_vocab_size=1, num_labels=1, **shape))),
    "distilbert": (BERT, lambda v: DistilBertForSequenceClassification(DistilBertConfig(vocab_size=v, max_position_embeddings=40, dim=12, n_layers=2, n_heads=3,
                   hidden_dim=16, initializer_range=0.4, pad_token_id=1, **labels("Human", "AI", "Edited")))),
}
golden = {"versions": {"transformers": transformers.__version__, "torch": torch.__version__}, "texts": TEXTS, "models": {}}
short = lambda x: json.loads(json.dumps(x), parse_float=lambda s: float(f"{float(s):.8g}"))
for name, (names, make) in MODELS.items():
    torch.manual_seed(5)
    tok, folder = tokenizer(names), f"{OUT}/{name}"
    model = make(len(tok)).eval()
    with torch.no_grad():
        for key, p in model.named_parameters():
            if key.endswith("bias") or "LayerNorm" in key or "layer_norm" in key: p += 0.3 * torch.randn_like(p)
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder); tok.save_pretrained(folder)
    found = {"ids": [], "logits": [], "hidden": []}
    with torch.no_grad():
        for text in TEXTS:
            ids = tok(text, truncation=True, max_length=40)["input_ids"]
            found["ids"].append(ids)
            out = model(input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long), output_hidden_states=True)
            found["logits"].append(out.logits[0].tolist())
            found["hidden"].append(out.hidden_states[-1][0, 0].tolist())
    kwargs = dict(truncation=True, max_length=40, top_k=None)
    tok.model_input_names = ["input_ids", "attention_mask"]
    said = [pipeline("text-classification", model=model, tokenizer=tok, device="cpu")(text, **kwargs) for text in TEXTS]
    found["pipeline"] = [{one["label"]: one["score"] for one in row} for row in said]
    golden["models"][name] = short(found)
    if os.environ.get("ONNX"):
        class Plain(torch.nn.Module):
            def __init__(self, inner): super().__init__(); self.inner = inner
            def forward(self, input_ids, attention_mask): return self.inner(input_ids=input_ids, attention_mask=attention_mask, return_dict=False)[0]
        ids = torch.tensor([found["ids"][0], found["ids"][0]])
        axes = {0: "batch", 1: "sequence"}
        for out, inner, output in [(f"{folder}/model.onnx", model, "logits"), (f"{folder}/encoder.onnx", getattr(model, name), "last_hidden_state")]:
            torch.onnx.export(Plain(inner), (ids, torch.ones_like(ids)), out, input_names=["input_ids", "attention_mask"], output_names=[output],
                              dynamic_axes={"input_ids": axes, "attention_mask": axes, output: {0: "batch"}}, dynamo=False, opset_version=17)
json.dump(golden, open(f"{OUT}/golden.json", "w"), separators=(",", ":"))
