"""Push readings to Sunledger and print the verdict on every row that was refused.

SUNLEDGER_URL=https://ledger.example/api/ingest SUNLEDGER_KEY=sl_... python push_readings.py readings.ndjson

The file holds one JSON object a line, such as
{"timestamp": "2026-06-01T10:00:00+02:00", "site_id": "P1", "energy_wh": 1250.5, "interval_seconds": 900}

Needs `requests`. The exit status is 0 when every row was accepted, now or before, and 1 when one was not.
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import requests

MOST_ROWS = 50_000
TRIES = 8
LONGEST_WAIT_S = 120
UNFINISHED = {"landed", "staged", "failed"}
FINE = {"accepted", "published", "duplicate", "empty"}


class Refused(Exception):
    """The request itself was refused; trying again would not help."""


def chunks(rows: Iterable[dict[str, Any]], size: int = MOST_ROWS) -> Iterator[list[dict[str, Any]]]:
    """Cut rows into pushes of at most `size`, in order."""
    source = iter(rows)
    while chunk := list(islice(source, size)):
        yield chunk


def push(session: requests.Session, url: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Push one chunk and return its verdict.

    The key is made of the content, so that a repeat, by this process or a later one, gets the first answer.
    """
    body = json.dumps({"readings": rows}, separators=(",", ":"), sort_keys=True).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": hashlib.sha256(body).hexdigest()}
    verdict = call(session, "POST", f"{url}/meter-data", data=body, headers=headers)
    while verdict["status"] in UNFINISHED:  # 202: stored, and judged soon
        time.sleep(2)
        verdict = call(session, "GET", f"{url}/status/{verdict['load_id']}")
    return verdict


def call(session: requests.Session, method: str, url: str, **request: Any) -> dict[str, Any]:
    """Make a request until it is answered for good; a lost answer is asked for again."""
    for number in range(TRIES):
        wait_s = min(2**number, LONGEST_WAIT_S)
        try:
            answer = session.request(method, url, timeout=(10, 90), **request)
        except (requests.ConnectionError, requests.Timeout) as error:
            reason = str(error)
        else:
            # a problem, or something between us and Sunledger, has another type than a verdict
            if answer.headers.get("Content-Type", "").startswith("application/json") and answer.status_code < 500:
                return answer.json()
            reason = f"{answer.status_code} {answer.text[:300]}"
            if answer.status_code < 500 and answer.status_code not in {409, 429}:
                raise Refused(reason)
            wait_s = int(answer.headers.get("Retry-After", wait_s))
        print(f"try {number + 1} of {TRIES} failed, waiting {wait_s} s: {reason}", file=sys.stderr)
        time.sleep(wait_s)
    raise Refused(f"no answer after {TRIES} tries")


def show(verdict: dict[str, Any]) -> None:
    """Print what became of a push."""
    print(
        f"load {verdict['load_id']}: {verdict['status']}, {verdict['rows_accepted']} of {verdict['rows_in']} rows "
        f"accepted, {verdict['rows_rejected']} refused {verdict['message'] or ''}".rstrip()
    )
    for error in verdict["errors"]:
        print(f"  row {error['row']}: {error['code']} {error['message']} {error['remedy']} {error['original']}")


def main() -> int:
    """Push a file of readings."""
    if len(sys.argv) != 2 or not {"SUNLEDGER_URL", "SUNLEDGER_KEY"} <= os.environ.keys():
        print(__doc__, file=sys.stderr)
        return 2
    url, key = os.environ["SUNLEDGER_URL"].rstrip("/"), os.environ["SUNLEDGER_KEY"]
    is_fine = True
    with requests.Session() as session, Path(sys.argv[1]).open(encoding="utf-8") as file:
        session.headers["Authorization"] = f"Bearer {key}"
        for chunk in chunks(json.loads(line) for line in file if line.strip()):
            verdict = push(session, url, chunk)
            show(verdict)
            is_fine = is_fine and verdict["status"] in FINE and not verdict["rows_rejected"]
    return 0 if is_fine else 1


if __name__ == "__main__":
    sys.exit(main())
