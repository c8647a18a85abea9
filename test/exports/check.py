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


def in_toto(folder):
    import in_toto_attestation.predicates.provenance.v1.provenance_pb2 as provenance
    import in_toto_attestation.v1.statement_pb2 as statements
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
    from google.protobuf import json_format
    from in_toto_attestation.v1.statement import Statement
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import SSlibKey

    keys = [
        SSlibKey.from_crypto(load_pem_public_key(file.read_bytes()), keyid=file.stem)
        for file in sorted((folder / "public-keys").iterdir())
    ]
    lines = (folder / "attestations.intoto.jsonl").read_text().splitlines()
    assert lines, "no statements"
    for line in lines:
        envelope = Envelope.from_dict(json.loads(line))
        envelope.verify(keys, 1)
        statement = json.loads(envelope.payload)
        Statement.copy_from_pb(json_format.ParseDict(statement, statements.Statement())).validate()
        if statement["predicateType"] == "https://slsa.dev/provenance/v1":
            json_format.ParseDict(statement["predicate"], provenance.Provenance())


def croissant(folder):
    import mlcroissant

    dataset = mlcroissant.Dataset(jsonld=folder / "croissant.json")
    if "license" in dataset.metadata.issues.report():
        raise ValueError(dataset.metadata.issues.report())
    for records in dataset.metadata.record_sets:
        for _ in dataset.records(records.id):
            pass


CONTEXTS = {
    "https://w3id.org/ro/crate/1.1/context": Path(__file__).with_name("ro-crate-context.json"),
    "https://w3id.org/ro/terms/workflow-run/context": Path(__file__).with_name("workflow-run-context.json"),
}


def without_network():
    """The validator asks for two contexts over HTTP; they are answered from files, and nothing else is asked."""
    import rdflib.plugins.shared.jsonld.context as jsonld
    import requests
    import requests_cache

    class Answer:
        status_code, ok, headers = 200, True, {"Content-Type": "application/ld+json"}

        def __init__(self, text):
            self.text, self.content = text, text.encode()

        def json(self):
            return json.loads(self.text)

        def raise_for_status(self):
            pass

    def request(_, method, url, *args, **options):
        return Answer(CONTEXTS[str(url).rstrip("/")].read_text())

    requests.Session.request = requests_cache.CachedSession.request = request
    jsonld.Context._fetch_context = lambda self, source, base, referenced: json.loads(CONTEXTS[str(source)].read_text())


def ro_crate(folder):
    from rocrate_validator import models, services

    without_network()
    # whose checks are those of the process and workflow profiles, and more
    settings = services.ValidationSettings(
        rocrate_uri=str(folder),
        profile_identifier="provenance-run-crate",
        requirement_severity=models.Severity.REQUIRED,
        skip_availability_check=True,
        abort_on_first=True,
    )
    result = services.validate(settings)
    if not result.passed():
        raise ValueError("; ".join(str(issue.message) for issue in result.get_issues()))


def hugging_face(folder):
    from huggingface_hub import DatasetCard, ModelCard

    card = (DatasetCard if (folder / "records.jsonl").exists() else ModelCard).load(folder / "README.md")
    if not card.data.license:
        raise ValueError("no licence")


def said(check, folder):
    try:
        check(Path(folder))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    name, *folders = sys.argv[1:]
    checks = {check.__name__: check for check in (oms, in_toto, croissant, ro_crate, hugging_face)}
    print(json.dumps([said(checks[name.replace("-", "_")], folder) for folder in folders]))
