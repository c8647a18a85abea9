"""The peer of bench/nature-small.mjs in PyTorch and transformers. One JSON argument, one JSON line out: seconds of each part."""
import copy, json, os, resource, sys, time

job = json.loads(sys.argv[1])
import torch, transformers
from transformers import GenerationConfig, OPTForCausalLM, get_linear_schedule_with_warmup

transformers.logging.set_verbosity_error()
torch.set_num_threads(job["threads"])
load = lambda: OPTForCausalLM.from_pretrained(job["folder"], attn_implementation="sdpa", dtype=torch.float32)
data = {k: torch.tensor(v) for k, v in json.load(open(os.path.join(job["folder"], "blocks.json"))).items()}
base, model = load().eval(), load()


@torch.inference_mode()
def score(m, rows, batch=64):
    m.eval()
    nll = []
    for x in rows.split(batch):
        logits = m(input_ids=x, use_cache=False).logits[:, :-1]
        nll.append(torch.nn.functional.cross_entropy(logits.transpose(1, 2), x[:, 1:], reduction="none"))
    return torch.cat(nll)


def train(m, rows, epochs=3, batch=32):
    steps, best = -(-len(rows) // batch) * epochs, None
    optimizer = torch.optim.AdamW(m.parameters(), lr=3e-4, weight_decay=0.01)
    schedule = get_linear_schedule_with_warmup(optimizer, round(steps * 0.05), steps)
    for _ in range(epochs):
        m.train()
        for i in torch.randperm(len(rows)).split(batch):
            optimizer.zero_grad(set_to_none=True)
            m(input_ids=rows[i], labels=rows[i], use_cache=False).loss.backward()
            torch.nn.utils.clip_grad_norm_(m.parameters(), 1.0)
            optimizer.step()
            schedule.step()
        loss = score(m, data["valid"]).double().mean().item()
        if best is None or loss < best[0]:
            best = (loss, copy.deepcopy(m.state_dict()))
    m.load_state_dict(best[1])


@torch.inference_mode()
def write(m, prompts, batch=64):
    m.eval()
    config = GenerationConfig(max_new_tokens=64, min_new_tokens=64, num_beams=5, do_sample=False, use_cache=True, bos_token_id=2, eos_token_id=2, pad_token_id=1)
    return torch.cat([m.generate(input_ids=x, attention_mask=torch.ones_like(x), generation_config=config)[:, x.shape[1]:] for x in prompts.split(batch)])


def timed(work):
    began = time.perf_counter()
    return work(), time.perf_counter() - began


cpu = time.process_time()
_, train_s = timed(lambda: train(model, data["train"]))
written, write_s = timed(lambda: write(model, data["train"]))
_, score_s = timed(lambda: (score(model, data["test"]), score(base, written)))
print(json.dumps({"train": train_s, "write": write_s, "score": score_s, "cpu": time.process_time() - cpu, "peakMiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
