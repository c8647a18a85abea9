"""What others' validators say of exports: check.py FORMAT FOLDER... prints a list, for each folder null or what is refused."""

import json
import logging
import sys
from pathlib import Path

logging.disable(logging.CRITICAL)


def oms(folder):
    from model_signing import verifying

    config = verifying.Config().use_elliptic_key_verifier(public_key=folder / "model.pub.pem")
    config.verify(folder / "model", folder / "model.sig")


def croissant(folder):
    import mlcroissant

    dataset = mlcroissant.Dataset(jsonld=folder / "croissant.json")
    if "license" in dataset.metadata.issues.report():
        raise ValueError(dataset.metadata.issues.report())
    for records in dataset.metadata.record_sets:
        for _ in dataset.records(records.id):
            pass


def said(check, folder):
    try:
        check(Path(folder))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    name, *folders = sys.argv[1:]
    checks = {check.__name__: check for check in (oms, croissant)}
    print(json.dumps([said(checks[name.replace("-", "_")], folder) for folder in folders]))
