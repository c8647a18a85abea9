"""Verdicts of datatrove's GopherQualityFilter on texts that lie around each of its lines, as golden values.

    pip install --no-deps datatrove==0.10.1; pip install numpy loguru dill fsspec huggingface_hub humanize multiprocess tqdm rich pyyaml regex
    python make_quality.py > quality.json

The texts are in lower case with white space around all punctuation, so that white space parts what a tokenizer would.
"""
import json
import random

from datatrove.data import Document
from datatrove.pipeline.filters import GopherQualityFilter, gopher_quality_filter

gopher_quality_filter.split_into_words = lambda text, language: text.split()
RULES = {
    "gopher_short_doc": "minWords",
    "gopher_long_doc": "maxWords",
    "gopher_below_avg_threshold": "minMeanLength",
    "gopher_above_avg_threshold": "maxMeanLength",
    "gopher_too_many_hashes": "maxSymbols",
    "gopher_too_many_ellipsis": "maxSymbols",
    "gopher_too_many_bullets": "maxBullets",
    "gopher_too_many_end_ellipsis": "maxEllipses",
    "gopher_below_alpha_threshold": "minLetters",
    "gopher_enough_stop_words": "minStopWords",
}
WORDS = "river lantern winter house garden letter silver window morning captain".split()
SHORT = "a i go we up in it so my no".split()
LONG = "internationalisation counterrevolutionary electroencephalogram incomprehensibility".split()
STOP = "the be to of and that have with".split()


def text(draw):
    """lines of words, with a share of each oddity that is drawn anew for every text"""
    share = {kind: draw.choice([0, 0, 0, draw.random() * most]) for kind, most in
             {"short": 1, "long": 1, "hash": 0.25, "dots": 0.25, "number": 0.4, "dash": 0.3}.items()}
    bullet, ellipsis = (draw.choice([0, 0, 0, draw.random() ** 0.2]) for _ in range(2))
    stop = draw.choice([0, 1, 2, 3, 5])
    lines = []
    for _ in range(draw.randint(3, 12)):
        words = []
        for _ in range(draw.randint(3, 14)):
            u = draw.random()
            for kind, some in share.items():
                if u < some:
                    words.append({"short": draw.choice(SHORT), "long": draw.choice(LONG), "hash": "#", "dots": "...",
                                  "number": str(draw.randint(1, 2000)), "dash": "--"}[kind])
                    break
                u -= some
            else:
                words.append(draw.choice(WORDS))
        lines.append(("- " if draw.random() < bullet else "") + " ".join(words) + (" ..." if draw.random() < ellipsis / 2 else " ."))
    lines[0] = " ".join([*draw.sample(STOP, stop), lines[0]])
    return "\n".join(lines)


draw = random.Random(1)
filter = GopherQualityFilter(min_doc_words=25, max_doc_words=90)
by_rule = {}
for _ in range(20000):
    one = text(draw)
    passed = filter.filter(Document(text=one, id="1"))
    rule = "keep" if passed is True else RULES[passed[1]]
    found = by_rule.setdefault(rule, [])
    if len(found) < 5:
        found.append(one)
print(json.dumps({"settings": {"minWords": 25, "maxWords": 90}, "texts": by_rule}, indent=1, sort_keys=True))
