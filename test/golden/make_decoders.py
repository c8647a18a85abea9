"""Makes small random decoders under lm/, in the form of the other folders there: logits, losses, gradients, ten AdamW steps, generations,
a LoRA adapter before and after ten steps. Sliding windows are shorter than the rows, so that they count.

usage: python make_decoders.py OUT NAME...      (torch 2.13.0, transformers 5.17.0, peft 0.21.0, CPU)
"""
import json, os, sys
import torch, transformers
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from transformers import (AutoModelForCausalLM, Gemma3TextConfig, GenerationConfig, GPTNeoConfig, GPTNeoXConfig, Qwen2Config,
                          Qwen3Config)

V = 72
COMMON = dict(vocab_size=V, hidden_size=16, max_position_embeddings=128, initializer_range=0.3, pad_token_id=1, bos_token_id=2, eos_token_id=2)
LAYERS = dict(num_hidden_layers=2, num_attention_heads=4, **COMMON)
GROUPED = dict(intermediate_size=24, num_key_value_heads=2, **LAYERS)
CONFIGS = {
    "qwen2": (Qwen2Config, dict(use_sliding_window=True, sliding_window=6, max_window_layers=1, tie_word_embeddings=False, **{**GROUPED, "vocab_size": 160}), ["q_proj", "v_proj"]),
    "qwen3": (Qwen3Config, dict(head_dim=6, rope_parameters={"rope_type": "default", "rope_theta": 1e6}, tie_word_embeddings=True, **GROUPED), ["q_proj", "v_proj"]),
    "gpt-neox": (GPTNeoXConfig, dict(intermediate_size=40, rope_parameters={"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.5},
                                     **LAYERS), ["query_key_value"]),
    "gpt-neo": (GPTNeoConfig, dict(num_layers=2, num_heads=4, intermediate_size=40, attention_types=[[["global", "local"], 1]], window_size=6, **COMMON), ["q_proj", "v_proj"]),
    "gemma3": (Gemma3TextConfig, dict(head_dim=8, sliding_window=5, query_pre_attn_scalar=11, layer_types=["sliding_attention", "full_attention"],
                                      **GROUPED), ["q_proj", "v_proj"]),
}


def batch(vocabulary):
    ids, mask = torch.randint(3, vocabulary, (3, 17)), torch.ones(3, 17, dtype=torch.long)
    ids[2, 12:], mask[2, 12:] = 1, 0
    labels = ids.masked_fill(mask == 0, -100)
    labels[0, :6] = -100
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


def train(model, lr, batches):
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


def make(name, out):
    kind, settings, targets = CONFIGS[name]
    os.makedirs(out, exist_ok=True)
    torch.manual_seed(sorted(CONFIGS).index(name) + 31)
    model = AutoModelForCausalLM.from_config(kind(**settings), attn_implementation="eager", dtype=torch.float32).eval()
    with torch.no_grad():  # biases and norms away from 0 and 1, so that a forgotten one shows
        for key, p in model.named_parameters():
            if key.endswith("bias") or "norm" in key or "ln_" in key: p += 0.3 * torch.randn_like(p)
            if "post_" in key and "gemma" in name: p += 4  # the branches outweigh the embedding, or greedy search would repeat its last token
    model.generation_config = GenerationConfig(pad_token_id=1, bos_token_id=2, eos_token_id=2)
    model.save_pretrained(out)

    vocabulary = settings["vocab_size"]
    batches = [batch(vocabulary), batch(vocabulary)]
    result = model(**batches[0], use_cache=False)
    result.loss.backward()
    save_file({"logits": result.logits.detach().contiguous()}, f"{out}/logits.safetensors")
    saved = {"lm_head.weight": "embed_out.weight"} if name == "gpt-neox" else {}  # the name in files
    save_file({saved.get(k, k): p.grad.contiguous() for k, p in model.named_parameters()}, f"{out}/gradients.safetensors")
    wanted = batches[0]["labels"][:, 1:]
    nll = torch.nn.functional.cross_entropy(result.logits[:, :-1].transpose(1, 2), wanted, reduction="none")
    golden = {"versions": {"torch": torch.__version__, "transformers": transformers.__version__}, "vocab_size": vocabulary,
              "batches": [{k: v.tolist() for k, v in b.items()} for b in batches],
              "batch0": {"loss": result.loss.item(), "nll_sum_per_row": nll.double().sum(1).tolist(), "token_count_per_row": (wanted != -100).sum(1).tolist()}}

    prompts, mask = torch.randint(3, vocabulary, (4, 9)), torch.ones(4, 9, dtype=torch.long)
    for row, n in ((1, 3), (3, 6)): prompts[row, :n], mask[row, :n] = 1, 0
    golden["prompts"] = {"input_ids": prompts.tolist(), "attention_mask": mask.tolist()}
    full = {"max_new_tokens": 24, "min_new_tokens": 24, "do_sample": False, "pad_token_id": 1}
    modes = {"greedy": full, "beam3": {**full, "num_beams": 3}, "beam5_repetition_penalty_2": {**full, "num_beams": 5, "repetition_penalty": 2.0},
             "greedy_no_repeat_ngram_3": {**full, "no_repeat_ngram_size": 3}}
    golden["generate"] = {mode: {"settings": s, "new_tokens": model.generate(input_ids=prompts, attention_mask=mask, **s)[:, 9:].tolist()} for mode, s in modes.items()}
    greedy = model.generate(input_ids=prompts[:1], **full)[:, 9:].tolist()  # drafts change nothing; without a window of keys that cannot be cut back
    golden["generate"]["prompt_lookup_10_row0"] = {"settings": {"prompt_lookup_num_tokens": 10, "max_new_tokens": 24, "min_new_tokens": 24}, "new_tokens": greedy}

    golden["adamw"] = {"lr": 1e-3, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.01, "max_grad_norm": 1.0, "batch_order": "batches[step % 2]", **train(model, 1e-3, batches)}
    model = AutoModelForCausalLM.from_pretrained(out, attn_implementation="eager", dtype=torch.float32)
    torch.manual_seed(22)
    lora = get_peft_model(model, LoraConfig(r=4, lora_alpha=8, target_modules=targets, task_type="CAUSAL_LM"))
    with torch.no_grad():
        for key, p in lora.named_parameters():
            if "lora_B" in key: p += 0.1 * torch.randn_like(p)
    lora.save_pretrained(f"{out}/lora-initial")
    golden["lora"] = {"r": 4, "alpha": 8, "target_modules": targets, "lr": 5e-3, **train(lora, 5e-3, batches)}
    lora.save_pretrained(f"{out}/lora-10-steps")
    with torch.no_grad(): save_file({"logits": lora(**batches[0], use_cache=False).logits.contiguous()}, f"{out}/lora-10-steps/logits.safetensors")
    for folder in ("lora-initial", "lora-10-steps"):
        path = f"{out}/{folder}/adapter_config.json"
        saved = {**json.load(open(path)), "base_model_name_or_path": None}
        json.dump(saved, open(path, "w"), indent=2)
        if os.path.exists(f"{out}/{folder}/README.md"): os.remove(f"{out}/{folder}/README.md")
    json.dump(golden, open(f"{out}/golden.json", "w"))


for name in sys.argv[2:]: make(name, f"{sys.argv[1]}/{name}")
