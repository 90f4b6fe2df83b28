"""Release: a person lets a held load or a refused row pass, with a reason that is kept."""

from collections.abc import Iterable

from include.core.errors import ConfigurationError, IllegalState
from include.pipeline.judge import dispose
from include.warehouse import audit, loads, publications, quarantine
from include.warehouse.database import Connection, connect


def release_load(load_id: int, *, actor: str, reason: str) -> None:
    """Accept the clean rows of a held load; the refused ones stay refused."""
    with connect() as connection:
        load = _prepare(connection, load_id, reason)
        loads.accept_held(connection, load_id)
        _audit(connection, load, actor, "release load", f"load {load_id}", reason)
    dispose(load_id)


def release_row(load_id: int, row_number: int, *, actor: str, reason: str) -> None:
    """Let one refused row whose values can be read pass in the next publication."""
    release_rows(load_id, [row_number], actor=actor, reason=reason)


def release_rows(load_id: int, row_numbers: Iterable[int], *, actor: str, reason: str) -> None:
    """Let refused rows pass, all of them or, when one cannot, none."""
    with connect() as connection:
        load = _prepare(connection, load_id, reason)
        for row_number in row_numbers:
            quarantine.release_row(connection, load_id, row_number, actor=actor, reason=reason)
            _audit(connection, load, actor, "release row", f"load {load_id} row {row_number}", reason)
        loads.reaccept(connection, load_id)


def _prepare(connection: Connection, load_id: int, reason: str) -> dict:
    if not reason.strip():
        raise ConfigurationError("a release needs a reason", remedy="give --reason")
    load = loads.get(connection, load_id)
    if publications.is_being_published(connection, load_id):
        raise IllegalState(f"load {load_id} is in the open publication", remedy="release it when that has closed")
    return load


def _audit(connection: Connection, load: dict, actor: str, action: str, subject: str, reason: str) -> None:
    audit.record(
        connection,
        actor=actor,
        action=action,
        subject=subject,
        reason=reason,
        organization_id=load["organization_id"],
    )
