"""A time-stamping authority of our own, made with OpenSSL: a certificate that is trusted, and one that signs."""

import subprocess
from pathlib import Path

CONFIG = """
[tsa]
default_tsa = tsa_section
[tsa_section]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
certs = {folder}/tsa.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
"""
EXTENSIONS = {
    "ca": "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n",
    "tsa": "extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\n",
    "web": "extendedKeyUsage=serverAuth\n",
}


class Authority:
    """Signs time tokens; `ca` is what a verifier trusts."""

    def __init__(self, folder: Path, kind: str = "ec", usage: str = "tsa") -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "serial").write_text("01\n")
        (folder / "config").write_text(CONFIG.format(folder=folder))
        key = (
            ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
            if kind == "ec"
            else ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
        )
        for name in ("ca", "tsa"):
            self._openssl("genpkey", "-algorithm", *key, "-out", f"{name}.key")
        self._certificate("ca", "ca", [])
        self._certificate("tsa", usage, ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"])
        self.ca = folder / "ca.pem"

    def reply(self, query: bytes) -> bytes:
        """The answer to a query."""
        (self.folder / "query").write_bytes(query)
        self._openssl("ts", "-reply", "-config", "config", "-queryfile", "query", "-out", "reply")
        return (self.folder / "reply").read_bytes()

    def holds(self, document: bytes, token: bytes) -> bool:
        """What OpenSSL says of a token."""
        (self.folder / "document").write_bytes(document)
        (self.folder / "token").write_bytes(token)
        command = ["openssl", "ts", "-verify", "-data", "document", "-in", "token", "-CAfile", "ca.pem"]
        return subprocess.run(command, cwd=self.folder, capture_output=True, check=False).returncode == 0

    def _certificate(self, name: str, usage: str, issuer: list[str]) -> None:
        (self.folder / f"{name}.ext").write_text(EXTENSIONS[usage])
        self._openssl("req", "-new", "-key", f"{name}.key", "-subj", f"/CN=Test {name}", "-out", f"{name}.csr")
        signed = issuer or ["-signkey", "ca.key"]
        self._openssl(
            "x509",
            "-req",
            "-in",
            f"{name}.csr",
            *signed,
            "-days",
            "30",
            "-extfile",
            f"{name}.ext",
            "-out",
            f"{name}.pem",
        )

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, check=True)
