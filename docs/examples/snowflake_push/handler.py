"""Pushes the batches of the outbox to Sunledger; runs inside Snowflake as the procedure `sunledger_push`.

A batch stays in the outbox until its verdict is stored, and its id is the Idempotency-Key: whatever dies in between,
the next run sends the same bytes again and gets the first answer.
"""

import requests

URL = "https://ledger.example/api/ingest"
FINAL = {200, 201, 202, 207, 409, 422}


def push(session) -> str:
    """Send every waiting batch; returns how many were delivered and what stopped the rest."""
    import _snowflake

    key = _snowflake.get_generic_secret_string("sunledger_key")
    batches = session.sql("select distinct batch_id from sunledger_outbox order by batch_id").collect()
    for delivered, (batch_id,) in enumerate(batches):
        readings = session.sql(
            "select to_json(reading) from sunledger_outbox where batch_id = ? order by row_number", params=[batch_id]
        ).collect()
        body = '{"readings":[' + ",".join(reading for (reading,) in readings) + "]}"
        answer = requests.post(
            f"{URL}/meter-data",
            data=body.encode(),
            headers={
                "Authorization": f"Bearer {key}",
                "Content-Type": "application/json",
                "Idempotency-Key": batch_id,
            },
            timeout=(10, 90),
        )
        if answer.status_code not in FINAL or "problem" in answer.headers.get("Content-Type", ""):
            return f"{delivered} of {len(batches)} batches delivered; then {answer.status_code}: {answer.text[:500]}"
        _settle(session, batch_id, answer)
    return f"{len(batches)} batches delivered"


def _settle(session, batch_id: str, answer: requests.Response) -> None:
    session.sql("begin").collect()
    session.sql(
        "insert into sunledger_verdict (batch_id, http_status, verdict) select ?, ?, parse_json(?)",
        params=[batch_id, answer.status_code, answer.text],
    ).collect()
    session.sql("delete from sunledger_outbox where batch_id = ?", params=[batch_id]).collect()
    session.sql("commit").collect()
