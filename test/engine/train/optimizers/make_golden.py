"""Reference steps of optimisers other than AdamW, as <optimiser>.json beside this file.
usage: python make_golden.py (torch 2.13.0, transformers 5.17.0; from the repository's root)

Each run has `arrays`: weights of odd shapes after ten steps on gradients by a formula, and `model`: losses, gradient norms and a few
weights of each parameter of test/golden/lm/qwen2 after ten steps on its two batches, clipped at norm 1."""

import json
import pathlib

import numpy as np
import torch
from transformers import AutoModelForCausalLM
from transformers.optimization import Adafactor

MODEL = pathlib.Path("test/golden/lm/qwen2")
SHAPES = {"convolution": (3, 2, 4, 4), "matrix": (5, 7), "column": (9, 1), "vector": (6,)}
STEPS = 10

# name: (how it is made, settings of each run by the names of experiments)
OPTIMIZERS = {
    "sgd": (
        lambda parameters, rate, momentum=0, nesterov=False, weightDecay=0: torch.optim.SGD(
            parameters, lr=rate, momentum=momentum, nesterov=nesterov, weight_decay=weightDecay
        ),
        [{}, {"momentum": 0.9}, {"momentum": 0.8, "nesterov": True, "weightDecay": 0.02}],
        0.05,
    ),
    "adafactor": (
        lambda parameters, rate, clipThreshold=1, decayRate=-0.8, epsilon=1e-30, weightDecay=0: Adafactor(
            parameters,
            lr=rate,
            eps=(epsilon, 1e-3),
            clip_threshold=clipThreshold,
            decay_rate=decayRate,
            weight_decay=weightDecay,
            scale_parameter=False,
            relative_step=False,
            warmup_init=False,
        ),
        [{}, {"clipThreshold": 0.5, "decayRate": -0.6, "epsilon": 1e-6, "weightDecay": 0.1}],
        0.01,
    ),
}


def numbers(shape, a, b):
    """Multiples of 1/1000 in [-1/2, 1/2)."""
    count = int(np.prod(shape))
    return torch.tensor([((7919 * i + 104729 * a + 1299709 * b) % 1000 - 500) / 1000 for i in range(count)]).reshape(shape)


def rounded(values):
    return [float(f"{value:.8g}") for value in values]


def arrays(make, settings, rate):
    parameters = [torch.nn.Parameter(numbers(shape, 0, k)) for k, shape in enumerate(SHAPES.values())]
    optimizer = make(parameters, rate, **settings)
    for step in range(1, STEPS + 1):
        for k, parameter in enumerate(parameters):
            parameter.grad = numbers(parameter.shape, step, k)
        optimizer.step()
    return {name: rounded(p.detach().flatten().tolist()) for name, p in zip(SHAPES, parameters)}


def model(make, settings, rate):
    golden = json.loads((MODEL / "golden.json").read_text())
    network = AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float32, attn_implementation="eager").train()
    optimizer = make(network.parameters(), rate, **settings)
    losses, norms = [], []
    for step in range(STEPS):
        batch = {key: torch.tensor(value) for key, value in golden["batches"][step % 2].items()}
        loss = network(**batch).loss
        optimizer.zero_grad()
        loss.backward()
        norms.append(float(torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)))
        optimizer.step()
        losses.append(float(loss))
    # every so many-th number, so that a parameter has four at most
    weights = {name: rounded(p.detach().flatten()[:: -(-p.numel() // 4)].tolist()) for name, p in network.named_parameters()}
    return {"losses": rounded(losses), "norms": rounded(norms), "weights": weights}


for name, (make, runs, rate) in OPTIMIZERS.items():
    made = [
        {"settings": settings, "rate": rate, "arrays": arrays(make, settings, rate), "model": model(make, settings, rate)}
        for settings in runs
    ]
    pathlib.Path(__file__).with_name(f"{name}.json").write_text(json.dumps(made, separators=(",", ":")) + "\n")
