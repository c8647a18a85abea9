"""Reference values of tiny VAEs by torch: both terms of the bound, gradients, pixels, AdamW steps. Usage: python make_vae.py"""

import json
import os

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

HERE = os.path.dirname(os.path.abspath(__file__))
H, W, LATENT, N = 8, 12, 3, 6


class Conv(nn.Module):
    """The published networks of the "curse of recursion" VAE, smaller."""

    config = {"model_type": "vae", "kind": "conv", "height": H, "width": W, "latent": LATENT, "channels": [2, 4]}

    def __init__(self):
        super().__init__()
        self.e0 = nn.Conv2d(1, 2, 4, stride=2, padding=1)
        self.e1 = nn.Conv2d(2, 4, 4, stride=2, padding=1)
        self.mean = nn.Linear(4 * 2 * 3, LATENT)
        self.log_variance = nn.Linear(4 * 2 * 3, LATENT)
        self.input = nn.Linear(LATENT, 4 * 2 * 3)
        self.d0 = nn.ConvTranspose2d(4, 2, 4, stride=2, padding=1)
        self.d1 = nn.ConvTranspose2d(2, 1, 4, stride=2, padding=1)

    def encode(self, x):
        x = F.relu(self.e1(F.relu(self.e0(x.view(-1, 1, H, W))))).flatten(1)
        return self.mean(x), self.log_variance(x)

    def decode(self, z):
        x = self.input(z).view(-1, 4, 2, 3)
        return torch.sigmoid(self.d1(F.relu(self.d0(x)))).flatten(1)

    names = {"e0": "encoder.0", "e1": "encoder.1", "mean": "encoder.mean", "log_variance": "encoder.log_variance",
             "input": "decoder.input", "d0": "decoder.0", "d1": "decoder.1"}


class Dense(nn.Module):
    config = {"model_type": "vae", "kind": "dense", "height": H, "width": W, "latent": LATENT, "hidden": [10, 7]}

    def __init__(self):
        super().__init__()
        self.e0, self.e1 = nn.Linear(H * W, 10), nn.Linear(10, 7)
        self.mean, self.log_variance = nn.Linear(7, LATENT), nn.Linear(7, LATENT)
        self.d0, self.d1, self.d2 = nn.Linear(LATENT, 7), nn.Linear(7, 10), nn.Linear(10, H * W)

    def encode(self, x):
        x = F.relu(self.e1(F.relu(self.e0(x))))
        return self.mean(x), self.log_variance(x)

    def decode(self, z):
        return torch.sigmoid(self.d2(F.relu(self.d1(F.relu(self.d0(z))))))

    names = {"e0": "encoder.0", "e1": "encoder.1", "mean": "encoder.mean", "log_variance": "encoder.log_variance",
             "d0": "decoder.0", "d1": "decoder.1", "d2": "decoder.2"}


def bound(model, x, noise):
    mean, log_variance = model.encode(x)
    pixels = model.decode(mean + torch.exp(0.5 * log_variance) * noise)
    reconstruction = F.binary_cross_entropy(pixels, x, reduction="none").sum(1)
    divergence = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum(1)
    return reconstruction, divergence, mean


def named(model, tensors):
    out = {}
    for (name, _), tensor in zip(model.named_parameters(), tensors):
        module, kind = name.split(".")
        out[f"{model.names[module]}.{kind}"] = tensor.detach().clone().contiguous()
    return out


for kind in (Conv, Dense):
    torch.manual_seed(5)
    model = kind()
    folder = os.path.join(HERE, "vae", kind.config["kind"])
    os.makedirs(folder, exist_ok=True)
    bytes_ = torch.randint(0, 256, (N, H * W))
    bytes_[0, :40] = 0
    bytes_[1, 30:] = 255
    x = bytes_ / 255
    noise, codes = torch.randn(N, LATENT), torch.randn(N, LATENT)
    beta = 1.5
    save_file(named(model, model.parameters()), os.path.join(folder, "model.safetensors"))
    json.dump(kind.config, open(os.path.join(folder, "config.json"), "w"), indent=2, sort_keys=True)
    reconstruction, divergence, mean = bound(model, x, noise)
    (reconstruction + beta * divergence).mean().backward()
    save_file(named(model, [p.grad for p in model.parameters()]), os.path.join(folder, "gradients.safetensors"))
    golden = {
        "bytes": bytes_.tolist(), "noise": noise.tolist(), "codes": codes.tolist(), "beta": beta,
        "reconstruction": reconstruction.tolist(), "divergence": divergence.tolist(), "mean": mean.tolist(),
        "pixels": model.decode(codes).tolist(),
    }
    json.dump(golden, open(os.path.join(folder, "golden.json"), "w"))
