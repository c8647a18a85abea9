"""Makes golden/bitsandbytes.json: what bitsandbytes makes of small matrices on the CPU, as the numbers that it dequantises to: NF4 in blocks of 64, with
double quantisation too, and the int8 rows of LLM.int8().

usage: python make_bitsandbytes.py OUT      (bitsandbytes 0.50.2, torch 2.13.0)
"""
import json, sys
import bitsandbytes, torch
import bitsandbytes.functional as F

torch.manual_seed(1)
# of `many` 270 blocks, so that double quantisation has a second block of its own: its numbers follow from their places
many = (((torch.arange(270 * 64) * 7919) % 1009) - 504).float() / 256 * (1 + (torch.arange(270 * 64) // 64 * 37 % 101).float() / 16)
cases = {"even": torch.randn(4, 64), "odd": 0.02 * torch.randn(3, 50), "many": many.reshape(270, 64)}
cases["even"][1, 3] = 7.5
cases["odd"][2] = 0
out = {"versions": {"bitsandbytes": bitsandbytes.__version__, "torch": torch.__version__}, "levels": F.get_4bit_type("nf4", device="cpu").tolist(),
       "dynamic": F.create_dynamic_map().tolist(), "cases": {}}
for name, w in cases.items():
    found = {}
    for kind, double in [("nf4", False), ("nf4-double", True)]:
        q, s = F.quantize_4bit(w, quant_type="nf4", blocksize=64, compress_statistics=double)
        found[kind] = F.dequantize_4bit(q, s).float()
    q, rows, _ = F.int8_vectorwise_quant(w.half())
    found["llm-int8"] = F.int8_vectorwise_dequant(q, rows).float()
    each = (lambda v: v.flatten()[::61]) if name == "many" else (lambda v: v.flatten())
    out["cases"][name] = {"columns": w.shape[1], **{k: [float(f"{x:.9g}") for x in each(v).tolist()] for k, v in found.items()}}
    if name != "many": out["cases"][name]["input"] = [float(f"{x:.9g}") for x in w.flatten().tolist()]
json.dump(out, open(sys.argv[1], "w"), separators=(",", ":"))
