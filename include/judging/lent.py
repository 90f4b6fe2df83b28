"""SQLAlchemy over a psycopg connection of somebody else, within the transaction that is running on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any

from psycopg.rows import tuple_row

if TYPE_CHECKING:
    import psycopg
    import sqlalchemy as sa


class _Lent:
    """A connection that may be used but neither committed, rolled back nor closed; its rows are tuples."""

    def __init__(self, connection: "psycopg.Connection") -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def cursor(self, *arguments: Any, **options: Any) -> Any:
        """A cursor with rows as SQLAlchemy wants them."""
        return self._connection.cursor(*arguments, row_factory=tuple_row, **options)

    def commit(self) -> None:
        """Leave the end of the transaction to the owner."""

    rollback = close = commit


_owner: ContextVar["psycopg.Connection"] = ContextVar("owner")


@contextmanager
def lend(connection: "psycopg.Connection") -> Iterator["sa.Connection"]:
    """The connection as one of SQLAlchemy's, for the body."""
    token = _owner.set(connection)
    try:
        with _engine().connect() as lent:
            yield lent
    finally:
        _owner.reset(token)


@cache
def _engine() -> "sa.Engine":
    """One for all, because it keeps what it compiled; it has no connection of its own."""
    import sqlalchemy as sa

    return sa.create_engine(
        "postgresql+psycopg://",
        creator=lambda: _Lent(_owner.get()),
        poolclass=sa.NullPool,
        use_native_hstore=False,  # its lookup insists on a connection of its own
    )
