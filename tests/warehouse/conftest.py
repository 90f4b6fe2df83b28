"""Audit entries for tests: appended as services do, read and damaged as an administrator could."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

ORGANIZATION = 7


def append(count: int = 1, organization_id: int | None = ORGANIZATION, **said) -> None:
    """Append entries, each in a transaction of its own."""
    from include.warehouse import audit
    from include.warehouse.database import connect

    with connect() as connection:
        for number in range(count):
            details = {"number": number, "share": 0.25, "name": "Müller\u2028\x00"}
            given = {"actor": "ann", "action": "test", "subject": f"thing {number}", "details": details, **said}
            audit.record(connection, organization_id=organization_id, **given)
            connection.commit()


@pytest.fixture
def administrator(warehouse):
    """A superuser with the guard of the entries switched off."""

    @contextmanager
    def unguarded() -> Iterator:
        warehouse.execute("alter table ops.audit_entry disable trigger user")
        yield warehouse
        warehouse.execute("alter table ops.audit_entry enable always trigger guard")

    return unguarded
