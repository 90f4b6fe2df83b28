"""Ways to send files in tests."""

import json
import time

from tests.pipeline.files import csv

BOUNDARY = "----sunledger-test"


def upload(api, tenant, content, name="readings.csv", *, query="", fields=None, **headers):
    """Send a form with one file."""
    files = {"file": (name, content, "application/octet-stream")}
    return api.post(f"/upload{query}", files=files, data=fields or {}, headers={**tenant.headers, **headers})


def announce(api, tenant, **members):
    """Ask where to put a file."""
    body = {"filename": "june.csv", **members}
    headers = {"Content-Type": "application/json", **tenant.headers}
    return api.post("/presigned-url", content=json.dumps(body), headers=headers)


def keys_in_lake(prefix="raw"):
    """Keys of all objects below a prefix."""
    from include.lake.store import Lake

    return [found.key for found in Lake().list(prefix)]


def finished(api, tenant, load_id):
    """The load's verdict once it is judged."""
    for _ in range(600):
        verdict = api.get(f"/status/{load_id}", headers=tenant.headers).json()
        if verdict["status"] not in {"landed", "staged"}:
            return verdict
        time.sleep(0.1)
    raise AssertionError(f"load {load_id} was never judged")


def form(*parts, is_whole=True):
    """A form by hand: parts are (headers, body)."""
    lines = [
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; {header}\r\n\r\n".encode() + body + b"\r\n"
        for header, body in parts
    ]
    return b"".join(lines) + (f"--{BOUNDARY}--\r\n".encode() if is_whole else b"")


def large(rows=3000):
    """A file of more than 8 MiB in few rows."""
    head, *lines = csv(range(rows)).splitlines()
    filler = "n" * 3000
    return "\n".join([f"{head},note", *(f"{line},{filler}" for line in lines)]) + "\n"
