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


def openlineage(folder):
    """The client has classes and no reader: objects are made of each event, and what they are written as is compared with it."""
    import pkgutil
    from importlib import import_module

    from openlineage.client import generated, serde
    from openlineage.client.generated import base

    modules = [import_module(f"openlineage.client.generated.{found.name}") for found in pkgutil.iter_modules(generated.__path__)]
    facets = {
        kind._get_schema(): kind
        for module in modules
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, base.BaseFacet)
    }

    def made(value):
        facet = {key: made_facet(one) for key, one in (value.get("facets") or {}).items()}
        return {**value, **({"facets": facet} if facet else {})}

    def made_facet(value):
        fields = {key: one for key, one in value.items() if key not in ("_producer", "_schemaURL")}
        return facets[value["_schemaURL"]](producer=value["_producer"], **fields)

    def made_dataset(kind, of, value):
        more = {of: {key: made_facet(one) for key, one in value[of].items()}} if of in value else {}
        return kind(**{**made(value), **more})

    for line in (folder / "openlineage.ndjson").read_text().splitlines():
        event = json.loads(line)
        fields = {key: value for key, value in event.items() if key != "schemaURL"}
        read = base.RunEvent(
            **{
                **fields,
                "producer": event["producer"],
                "eventType": base.EventType(event["eventType"]),
                "run": base.Run(**made(event["run"])),
                "job": base.Job(**made(event["job"])),
                "inputs": [made_dataset(base.InputDataset, "inputFacets", one) for one in event["inputs"]],
                "outputs": [made_dataset(base.OutputDataset, "outputFacets", one) for one in event["outputs"]],
            }
        )
        if without_empty(serde.Serde.to_dict(read)) != without_empty(event):
            raise ValueError(f"{event} is written as {serde.Serde.to_dict(read)}")


def without_empty(value):
    if isinstance(value, dict):
        return {key: without_empty(one) for key, one in value.items() if one not in ({}, [], None)}
    return [without_empty(one) for one in value] if isinstance(value, list) else value


def cyclonedx(folder):
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str((folder / "bom.cdx.json").read_text())
    if error:
        raise ValueError(str(error))


def said(check, folder):
    try:
        check(Path(folder))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    name, *folders = sys.argv[1:]
    checks = {check.__name__: check for check in (oms, in_toto, croissant, ro_crate, hugging_face, openlineage, cyclonedx)}
    print(json.dumps([said(checks[name.replace("-", "_")], folder) for folder in folders]))
