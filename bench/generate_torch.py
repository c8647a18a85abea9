"""The peer of bench/generate.mjs: transformers.generate on the same checkpoint and prompts. One JSON argument, one JSON line out."""
import json, os, resource, sys, time

job = json.loads(sys.argv[1])
import torch, transformers
from transformers import GenerationConfig, OPTForCausalLM

transformers.logging.set_verbosity_error()
torch.set_num_threads(job["threads"])
model = OPTForCausalLM.from_pretrained(job["folder"], attn_implementation="sdpa", dtype=torch.float32).eval()
prompts = torch.tensor(json.load(open(os.path.join(job["folder"], "prompts.json"))))
config = GenerationConfig(max_new_tokens=64, min_new_tokens=64, num_beams=job["beams"], do_sample=False, use_cache=True, bos_token_id=2, eos_token_id=2, pad_token_id=1)
rows, first = [], None
began, cpu = time.perf_counter(), time.process_time()
with torch.inference_mode():
    for batch in prompts.split(job["batch"]):
        out = model.generate(input_ids=batch, attention_mask=torch.ones_like(batch), generation_config=config)
        first = first or time.perf_counter()
        rows += out[:, batch.shape[1]:].tolist()
seconds = time.perf_counter() - began
print(json.dumps({"seconds": seconds, "laterSeconds": time.perf_counter() - first, "cpuSeconds": time.process_time() - cpu, "peakMiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "rows": rows}))
