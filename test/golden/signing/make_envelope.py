"""An envelope by others' code: python make_envelope.py

Signs statement.json (what Habsburg states of a step) with the first key of RFC 8032, 7.1, by securesystemslib; checks the signature with
securesystemslib and the statement with in-toto-attestation, and that both refuse it once a bit is another; writes envelope.json and
public.pem. Made with securesystemslib 1.6.0, in-toto-attestation 0.9.3, cryptography 50.0.2:
pip install securesystemslib in-toto-attestation cryptography
"""

import base64
import copy
import hashlib
import json
from pathlib import Path

import in_toto_attestation.v1.statement_pb2 as pb
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from google.protobuf import json_format
from in_toto_attestation.v1.statement import Statement
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import CryptoSigner, SSlibKey

here = Path(__file__).parent
private = Ed25519PrivateKey.from_private_bytes(
    bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
)
public = private.public_key()
keyid = hashlib.sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
key = SSlibKey.from_crypto(public, keyid=keyid)

envelope = Envelope((here / "statement.json").read_bytes(), "application/vnd.in-toto+json", {})
envelope.sign(CryptoSigner(private, key))
value = envelope.to_dict()
assert list(Envelope.from_dict(copy.deepcopy(value)).verify([key], 1)) == [keyid]
Statement.copy_from_pb(json_format.Parse(envelope.payload, pb.Statement())).validate()
other = copy.deepcopy(value)
payload = bytearray(base64.b64decode(other["payload"]))
payload[100] ^= 1
other["payload"] = base64.b64encode(payload).decode()
try:
    Envelope.from_dict(other).verify([key], 1)
    raise SystemExit("a changed payload was accepted")
except VerificationError:
    pass

(here / "envelope.json").write_text(json.dumps(value, sort_keys=True, separators=(",", ":")), encoding="utf-8")
(here / "public.pem").write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
print(f"accepted {keyid}")
