"""Makes the reference models under test/golden/lm/*-odd*: odd shapes, other settings, gradients and a short training run.

usage: python make_lm.py OUT      (torch 2.13.0, transformers 5.17.0, CPU)
The opt-pre-ln and opt-post-ln-proj folders beside them were made in the same way with ten AdamW steps instead of a run.
"""
import json, math, os, sys
import torch, transformers
from safetensors.torch import save_file
from transformers import OPTConfig, OPTForCausalLM, get_cosine_schedule_with_warmup, get_linear_schedule_with_warmup

OUT = sys.argv[1]
COMMON = dict(dropout=0.0, attention_dropout=0.0, layerdrop=0.0, init_std=0.08, bos_token_id=2, eos_token_id=2, pad_token_id=1,
              attn_implementation="eager", dtype=torch.float32)
MODELS = {
    "opt-odd-gelu": dict(vocab_size=97, hidden_size=30, num_hidden_layers=3, num_attention_heads=5, ffn_dim=52, max_position_embeddings=40,
                         word_embed_proj_dim=30, do_layer_norm_before=True, activation_function="gelu"),
    "opt-odd-untied": dict(vocab_size=61, hidden_size=21, num_hidden_layers=2, num_attention_heads=3, ffn_dim=33, max_position_embeddings=24,
                           word_embed_proj_dim=14, do_layer_norm_before=True, activation_function="relu", enable_bias=False,
                           tie_word_embeddings=False, _remove_final_layer_norm=True),
    "opt-odd-post": dict(vocab_size=45, hidden_size=16, num_hidden_layers=2, num_attention_heads=1, ffn_dim=10, max_position_embeddings=30,
                         word_embed_proj_dim=16, do_layer_norm_before=False, activation_function="gelu_new"),
}

def batch(rows):
    """ragged rows -> right-padded tensors; labels -100 where padded"""
    n = max(map(len, rows))
    pad = lambda fill: [r + [fill] * (n - len(r)) for r in rows]
    return {"input_ids": pad(1), "attention_mask": [[1] * len(r) + [0] * (n - len(r)) for r in rows], "labels": pad(-100)}

def loss_of(model, b):
    return model(**{k: torch.tensor(v) for k, v in b.items()}, use_cache=False).loss

def weights(model):
    tied = model.config.tie_word_embeddings
    return {k: v.detach().clone().contiguous() for k, v in model.state_dict().items() if not (tied and k == "lm_head.weight")}

for number, (name, settings) in enumerate(MODELS.items()):
    torch.manual_seed(100 + number)
    model = OPTForCausalLM(OPTConfig(**COMMON, **settings))
    with torch.no_grad():  # biases and norms away from 0 and 1, so that a forgotten one shows
        for key, p in model.named_parameters():
            if key.endswith("bias") or "layer_norm" in key: p += 0.1 * torch.randn_like(p)
    vocab, longest = settings["vocab_size"], settings["max_position_embeddings"]
    rows = [torch.randint(3, vocab, (n,)).tolist() for n in (longest, 9, 2, 13, 17, 5)]
    rows[1][4] = 1  # the padding token as an ordinary token: its embedding gets no gradient from there
    d = f"{OUT}/{name}"; os.makedirs(d, exist_ok=True)
    model.save_pretrained(d)
    b = batch(rows[:4])
    out = model(**{k: torch.tensor(v) for k, v in b.items()}, use_cache=False)
    out.loss.backward()
    save_file({"logits": out.logits.detach().contiguous()}, f"{d}/logits.safetensors")
    save_file({k: p.grad.contiguous() for k, p in model.named_parameters()}, f"{d}/gradients.safetensors")
    nll = torch.nn.functional.cross_entropy(out.logits[:, :-1].transpose(1, 2), torch.tensor(b["labels"])[:, 1:], reduction="none")
    golden = {"versions": {"torch": torch.__version__, "transformers": transformers.__version__}, "batches": [b], "rows": rows,
              "batch0": {"loss": out.loss.item(), "nll_sum_per_row": nll.double().sum(1).tolist(), "token_count_per_row": [len(r) - 1 for r in rows[:4]]}}

    if number == 0:  # one step an epoch over all rows, so that the order of rows does not matter
        golden["runs"] = []
        start = {k: v.clone() for k, v in model.state_dict().items()}
        valid = [torch.randint(3, vocab, (n,)).tolist() for n in (11, 30)]
        for schedule, warmup, minimum in (("linear", 0.3, 0.0), ("cosine", 0.2, 0.0), ("cosine-epoch", 0.0, 1e-4), ("constant", 0.0, 0.0)):
            model.load_state_dict(start)
            epochs, lr = 8, 3e-3
            opt = torch.optim.AdamW(model.parameters(), lr=lr, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.1)
            w = math.ceil(warmup * epochs)
            sch = {"linear": lambda: get_linear_schedule_with_warmup(opt, w, epochs), "cosine": lambda: get_cosine_schedule_with_warmup(opt, w, epochs),
                   "cosine-epoch": lambda: torch.optim.lr_scheduler.CosineAnnealingLR(opt, epochs, eta_min=minimum),
                   "constant": lambda: torch.optim.lr_scheduler.LambdaLR(opt, lambda _: 1.0)}[schedule]()
            log, rates = [], []
            for _ in range(epochs):
                rates.append(opt.param_groups[0]["lr"])
                opt.zero_grad(); l = loss_of(model, batch(rows)); l.backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5); opt.step(); sch.step()
                with torch.no_grad(): log.append({"train": l.item(), "valid": loss_of(model, batch(valid)).item()})
            golden["runs"].append({"schedule": schedule, "warmup": warmup, "minimum": minimum, "epochs": epochs, "lr": lr, "betas": [0.9, 0.98], "eps": 1e-6,
                                   "weight_decay": 0.1, "clip": 0.5, "valid": valid, "rates": rates, "losses": log})
            if schedule == "linear": save_file(weights(model), f"{d}/linear-run.safetensors")
    json.dump(golden, open(f"{d}/golden.json", "w"))

# Dropout: the gradients of one batch where every dropout's mask is a known pattern (site s keeps element i unless (7919 i + 104729 s) % 10 == 0).
d = f"{OUT}/opt-odd-gelu"
model = OPTForCausalLM.from_pretrained(d, dropout=0.1, attn_implementation="eager", dtype=torch.float32).train()
sites = 0
def known_dropout(x, p=0.5, training=True, inplace=False):
    global sites
    if p == 0: return x
    i = torch.arange(x.numel()).reshape(x.shape); keep = (7919 * i + 104729 * sites) % 10 != 0; sites += 1
    return x * keep / 0.9
torch.nn.functional.dropout = known_dropout
g = torch.Generator().manual_seed(5)
rows = torch.randint(3, 97, (3, 16), generator=g).tolist()  # equal lengths, so that places in a batch are places in ours
loss = loss_of(model, batch(rows)); loss.backward()
save_file({k: p.grad.contiguous() for k, p in model.named_parameters()}, f"{d}/dropout-gradients.safetensors")
json.dump({"rows": rows, "loss": loss.item(), "sites": sites}, open(f"{d}/dropout.json", "w"))
