"""Writes ggml.json: blocks of random bytes in ggml's quantised types and their numbers as the gguf package reads them."""
import base64
import json
import pathlib
from importlib.metadata import version

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize

# where a block's half-precision scales lie, in halves of two bytes from its start
SCALES = dict(Q4_0=[0], Q4_1=[0, 2], Q5_0=[0], Q5_1=[0, 2], Q8_0=[0], Q2_K=[80, 82], Q3_K=[108], Q4_K=[0, 2], Q5_K=[0, 2], Q6_K=[208])
rng = np.random.default_rng(5)
types = {}
for name, places in SCALES.items():
    kind = GGMLQuantizationType[name]
    _, size = GGML_QUANT_SIZES[kind]
    data = rng.integers(0, 256, (2, size), dtype=np.uint8)
    for at in places:
        data[:, at : at + 2] = rng.normal(0, 0.01, (2, 1)).astype(np.float16).view(np.uint8)
    values = dequantize(data, kind).astype(np.float32).ravel()
    types[name] = dict(type=int(kind), bytes=base64.b64encode(data.tobytes()).decode(), values=base64.b64encode(values.tobytes()).decode())
path = pathlib.Path(__file__).parent / "ggml.json"
path.write_text(json.dumps(dict(versions=dict(gguf=version("gguf")), types=types), indent=1))
