"""Expected test error of least squares under every mixture, by numpy and many seeds: regression.json.

The design is drawn once and stays. Record i of a generation has row i modulo the size of generation 0, whatever source its label has.

    pip install numpy==2.4.6 && python make_regression.py > regression.json
"""

import json

import numpy as np

SEEDS, BATCH, LAST = 60000, 2000, 10
NOISE = 1.0

CASES = [
    dict(kind="keep-share", share=0.5, size=20, growth=0, dimensions=8),
    dict(kind="keep-share", share=0.5, size=10, growth=0, dimensions=6),
    dict(kind="keep-share", share=0.3, size=12, growth=0.6, dimensions=4),
    dict(kind="accumulate-subsample", size=20, growth=0, dimensions=4),
    dict(kind="fresh", share=0.5, size=20, growth=0, dimensions=8),
    dict(kind="fresh", share=0.5, size=10, growth=0, dimensions=6),
    dict(kind="fresh", share=0.4, size=9, growth=0.5, dimensions=3),
    dict(kind="fixed-real", size=12, growth=0.4, dimensions=4),
    dict(kind="weights", alpha=0.5, beta=0, gamma=0.5, size=20, growth=0, dimensions=8),
    dict(kind="weights", alpha=0.4, beta=0.4, gamma=0.2, size=16, growth=0, dimensions=5),
    dict(kind="weights", alpha=0.6, beta=0.4, gamma=0, size=9, growth=0.5, dimensions=3),
]


def fit(x, y):
    return np.einsum("sdn,sn->sd", np.linalg.pinv(x), y)


def chains(case, seeds, rng):
    """[generation][seed]: squared distance of the fitted from the true coefficients."""
    d, n0, kind = case["dimensions"], case["size"], case["kind"]
    design = rng.standard_normal((seeds, n0, d))
    truth = rng.standard_normal((seeds, d)) / np.sqrt(d)

    def rows(n):
        return design[:, np.arange(n) % n0]

    def label(x, w):
        return np.einsum("snd,sd->sn", x, w) + NOISE * rng.standard_normal(x.shape[:2])

    x0 = rows(n0)
    y0 = label(x0, truth)
    pool_x, pool_y = x0, y0
    model, earlier = fit(x0, y0), None
    out = [((model - truth) ** 2).sum(1)]
    for t in range(1, LAST + 1):
        n = int(np.floor(n0 * (t + 1) ** case["growth"] + 0.5))
        x = rows(n)
        y = label(x, model)
        if kind == "keep-share":
            k = min(int(np.floor(case["share"] * n + 0.5)), n0)
            kept = np.argsort(rng.random((seeds, n0)), 1) < k
            y[:, :n0] = np.where(kept, y0, y[:, :n0])
        elif kind == "fresh":
            k = int(np.floor(case["share"] * n + 0.5))
            y = np.where(np.argsort(rng.random((seeds, n)), 1) < k, label(x, truth), y)
        elif kind == "weights":
            u = rng.random((seeds, n))
            other = label(x, truth) if earlier is None else label(x, earlier)
            y = np.where(u < case["alpha"], y, np.where(u < case["alpha"] + case["beta"], other, label(x, truth)))
        elif kind == "fixed-real":
            x, y = np.concatenate([x0, x], 1), np.concatenate([y0, y], 1)
        elif kind.startswith("accumulate"):
            pool_x, pool_y = np.concatenate([pool_x, x], 1), np.concatenate([pool_y, y], 1)
            x, y = pool_x, pool_y
            if kind == "accumulate-subsample":
                picked = np.argsort(rng.random(pool_y.shape), 1)[:, :n]
                x, y = np.take_along_axis(pool_x, picked[..., None], 1), np.take_along_axis(pool_y, picked, 1)
        model, earlier = fit(x, y), model
        out.append(((model - truth) ** 2).sum(1))
    return np.stack(out)


rng = np.random.default_rng(20)
results = []
for case in CASES:
    errors = np.concatenate([chains(case, BATCH, rng) for _ in range(SEEDS // BATCH)], 1)
    means, deviations = errors.mean(1), errors.std(1, ddof=1)
    results.append(
        dict(
            **case,
            seeds=SEEDS,
            mean=[float(f"{m:.6g}") for m in means],
            standardError=[float(f"{s:.3g}") for s in deviations / np.sqrt(SEEDS)],
        )
    )
print("[\n  " + ",\n  ".join(json.dumps(r) for r in results) + "\n]")
