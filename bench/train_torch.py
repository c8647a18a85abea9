"""One side of bench/train.mjs: full training steps in PyTorch eager. Prints JSON: milliseconds of each step, peak RSS in MiB."""
import json, resource, sys, time
import torch
from transformers import OPTConfig, OPTForCausalLM

s = json.loads(sys.argv[1])
torch.set_num_threads(s["threads"]); torch.manual_seed(1)
model = OPTForCausalLM(OPTConfig(vocab_size=s["vocabulary"], hidden_size=s["hidden"], num_hidden_layers=s["layers"], num_attention_heads=s["heads"],
    ffn_dim=s["ffn"], max_position_embeddings=s["positions"], word_embed_proj_dim=s["hidden"], dropout=0.0, attention_dropout=0.0, layerdrop=0.0,
    attn_implementation="sdpa", dtype=torch.float32)).train()
if s.get("recompute"):
    model.gradient_checkpointing_enable()
    model.enable_input_require_grads()
if s.get("lora"):
    from peft import LoraConfig, get_peft_model
    model = get_peft_model(model, LoraConfig(r=s["lora"], lora_alpha=s["lora"], target_modules=["q_proj", "v_proj"]))
opt = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-4, weight_decay=0.01)
ms = []
for step in range(s["steps"] + 1):
    x = torch.randint(3, s["vocabulary"], (s["rows"], s["time"]))
    t = time.perf_counter()
    opt.zero_grad(set_to_none=True)
    model(input_ids=x, labels=x, use_cache=False).loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    ms.append((time.perf_counter() - t) * 1e3)
print(json.dumps({"ms": ms[1:], "peakMiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
