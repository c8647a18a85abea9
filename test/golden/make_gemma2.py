"""Makes lm/gemma2: a small random Gemma-2 with both soft-caps at work, in the form of the other folders of lm/.

usage: python make_gemma2.py OUT      (torch 2.13.0, transformers 5.17.0, peft 0.21.0, CPU)
"""
import json, os, sys
import torch, transformers
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from transformers import Gemma2Config, Gemma2ForCausalLM, GenerationConfig

OUT = sys.argv[1]
os.makedirs(OUT, exist_ok=True)
torch.manual_seed(21)
V = 160
config = Gemma2Config(vocab_size=V, hidden_size=24, intermediate_size=40, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, head_dim=8,
                      query_pre_attn_scalar=11, sliding_window=128, max_position_embeddings=128, attn_logit_softcapping=0.7, final_logit_softcapping=3.0,
                      pad_token_id=1, bos_token_id=2, eos_token_id=2, initializer_range=0.2, attn_implementation="eager", dtype=torch.float32)
model = Gemma2ForCausalLM(config).eval()
with torch.no_grad():  # norms away from 0, so that a forgotten one shows
    for name, p in model.named_parameters():
        if "norm" in name: p += 0.3 * torch.randn_like(p)
        if "post_" in name: p += 4  # the branches outweigh the embedding, or greedy search would repeat its last token
model.generation_config = GenerationConfig(pad_token_id=1, bos_token_id=2, eos_token_id=2)
model.save_pretrained(OUT)

def batch():
    ids, mask = torch.randint(3, V, (3, 17)), torch.ones(3, 17, dtype=torch.long)
    ids[2, 12:], mask[2, 12:] = 1, 0
    labels = ids.masked_fill(mask == 0, -100)
    labels[0, :6] = -100
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}

batches = [batch(), batch()]
out = model(**batches[0], use_cache=False)
out.loss.backward()
save_file({"logits": out.logits.detach().contiguous()}, f"{OUT}/logits.safetensors")
save_file({k: p.grad.contiguous() for k, p in model.named_parameters()}, f"{OUT}/gradients.safetensors")
targets = batches[0]["labels"][:, 1:]
nll = torch.nn.functional.cross_entropy(out.logits[:, :-1].transpose(1, 2), targets, reduction="none")
golden = {"versions": {"torch": torch.__version__, "transformers": transformers.__version__}, "vocab_size": V,
          "batches": [{k: v.tolist() for k, v in b.items()} for b in batches],
          "batch0": {"loss": out.loss.item(), "nll_sum_per_row": nll.double().sum(1).tolist(), "token_count_per_row": (targets != -100).sum(1).tolist()}}

prompts, mask = torch.randint(3, V, (4, 9)), torch.ones(4, 9, dtype=torch.long)
for row, n in ((1, 3), (3, 6)): prompts[row, :n], mask[row, :n] = 1, 0
golden["prompts"] = {"input_ids": prompts.tolist(), "attention_mask": mask.tolist()}
full = {"max_new_tokens": 24, "min_new_tokens": 24, "do_sample": False, "pad_token_id": 1}
modes = {"greedy": full, "beam3": {**full, "num_beams": 3}, "beam5_repetition_penalty_2": {**full, "num_beams": 5, "repetition_penalty": 2.0},
         "greedy_no_repeat_ngram_3": {**full, "no_repeat_ngram_size": 3}}
golden["generate"] = {name: {"settings": settings, "new_tokens": model.generate(input_ids=prompts, attention_mask=mask, **settings)[:, 9:].tolist()}
                      for name, settings in modes.items()}
settings = {"prompt_lookup_num_tokens": 10, "max_new_tokens": 24, "min_new_tokens": 24}
golden["generate"]["prompt_lookup_10_row0"] = {"settings": settings, "new_tokens": model.generate(input_ids=prompts[:1], do_sample=False, pad_token_id=1, **settings)[:, 9:].tolist()}

def train(model, lr):
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01)
    losses, norms = [], []
    for step in range(10):
        optimizer.zero_grad()
        loss = model(**batches[step % 2], use_cache=False).loss
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(parameters, 1.0).item())
        optimizer.step()
        losses.append(loss.item())
    return {"losses": losses, "grad_norms": norms}

golden["adamw"] = {"lr": 1e-3, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.01, "max_grad_norm": 1.0, "batch_order": "batches[step % 2]", **train(model, 1e-3)}
model = Gemma2ForCausalLM.from_pretrained(OUT, attn_implementation="eager", dtype=torch.float32)
torch.manual_seed(22)
lora = get_peft_model(model, LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM"))
with torch.no_grad():
    for name, p in lora.named_parameters():
        if "lora_B" in name: p += 0.1 * torch.randn_like(p)
lora.save_pretrained(f"{OUT}/lora-initial")
golden["lora"] = {"r": 4, "alpha": 8, "target_modules": ["q_proj", "v_proj"], "lr": 5e-3, **train(lora, 5e-3)}
lora.save_pretrained(f"{OUT}/lora-10-steps")
with torch.no_grad(): save_file({"logits": lora(**batches[0], use_cache=False).logits.contiguous()}, f"{OUT}/lora-10-steps/logits.safetensors")
for folder in ("lora-initial", "lora-10-steps"):
    path = f"{OUT}/{folder}/adapter_config.json"
    saved = {**json.load(open(path)), "base_model_name_or_path": None}
    json.dump(saved, open(path, "w"), indent=2)
    if os.path.exists(f"{OUT}/{folder}/README.md"): os.remove(f"{OUT}/{folder}/README.md")
json.dump(golden, open(f"{OUT}/golden.json", "w"))
