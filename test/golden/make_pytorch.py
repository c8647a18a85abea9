"""Writes pytorch/: checkpoints by torch.save, plain and odd, and the same tensors as safetensors."""
import collections
import io
import pathlib
import pickle
import zipfile

import torch
from safetensors.torch import load_file, save_file

OUT = pathlib.Path(__file__).parent / "pytorch"
OUT.mkdir(exist_ok=True)
torch.manual_seed(6)
base = torch.randn(6, 10)
tensors = collections.OrderedDict(
    plain=torch.randn(3, 4),
    half=torch.randn(2, 5).half(),
    bfloat=torch.randn(7).bfloat16(),
    double=torch.randn(2, 2, dtype=torch.float64),
    scalar=torch.tensor(2.5),
    empty=torch.zeros(0, 3),
    parameter=torch.nn.Parameter(torch.randn(4)),
    transposed=base.t(),
    window=base[1:4, 2:9:3],
    tied=base,
    integers=torch.arange(5),
    mask=torch.ones(2, 2, dtype=torch.bool),
)
torch.save(tensors, OUT / "tensors.bin")
module = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.LayerNorm(2))
torch.save(module.state_dict(), OUT / "module.bin")
floats = {k: v.detach().float().contiguous() for k, v in tensors.items() if v.is_floating_point()}
save_file(floats, OUT / "tensors.safetensors")
save_file({k: v.contiguous() for k, v in module.state_dict().items()}, OUT / "module.safetensors")


class Evil:
    def __reduce__(self):
        return eval, ("__import__('pathlib').Path('executed').touch()",)


def archive(name, payload):
    with zipfile.ZipFile(OUT / name, "w") as z:
        z.writestr("archive/data.pkl", payload)
        z.writestr("archive/version", "3\n")


for protocol in (2, 4):
    archive(f"evil-{protocol}.bin", pickle.dumps({"w": Evil()}, protocol=protocol))
archive("nested.bin", pickle.dumps({"state_dict": {}, "epoch": 3}, protocol=2))
archive("opcode.bin", pickle.dumps({"w": {1, 2}}, protocol=4))
torch.save(tensors, OUT / "legacy.bin", _use_new_zipfile_serialization=False)
torch.save(load_file(OUT.parent / "lm/llama-gqa/lora-10-steps/adapter_model.safetensors"), OUT / "adapter.bin")
