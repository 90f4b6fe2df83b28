"""What dbt does for every node, answer or line and needs to do once, such as connecting and reading the environment.

dbt is made for a command that runs for a minute. In a small publication most of the time went into these, so they are
replaced where dbt lets others take their place; what is built, tested and logged is the same.
"""

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import Any

import agate
import psycopg2
from dbt.adapters.contracts.connection import Connection, ConnectionState
from dbt.adapters.postgres import PostgresAdapter
from dbt.adapters.postgres.connections import PostgresConnectionManager
from dbt.context.macros import MacroNamespace
from dbt.context.manifest import ManifestContext
from dbt.events import logging
from dbt_common.behavior_flags import BehaviorFlagRendered
from dbt_common.clients import agate_helper
from dbt_common.exceptions.base import env_secrets, scrub_secrets

# Python looks for garbage in cycles after so many new objects, 700 by default; a build makes a million
OBJECTS_BETWEEN_COLLECTIONS = 50_000


class KeptSessions(PostgresConnectionManager):
    """Opens no more sessions than work at once: one that a node is done with goes to the next, as if it were new.

    A new session costs its handshake, and then reads anew from the catalog what every statement of the project needs.
    """

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        self._free: list[psycopg2.extensions.connection] = []

    def open(self, connection: Connection) -> Connection:
        """Give a node a session that is free, or a new one."""
        try:
            connection.handle = self._free.pop()
        except IndexError:
            return super().open(connection)
        connection.state = ConnectionState.OPEN
        return connection

    def release(self) -> None:
        """Take a session back; one that cannot be cleaned is closed, as dbt closes all."""
        connection = self.get_if_exists()
        if connection is None or connection.state != ConnectionState.OPEN:
            return super().release()
        try:
            _make_like_new(connection.handle)
        except psycopg2.Error:
            return super().release()
        connection.transaction_open = False
        connection.state = ConnectionState.CLOSED
        self._free.append(connection.handle)
        return None

    def cleanup_all(self) -> None:
        """Close what is free, too, when the command is over."""
        super().cleanup_all()
        while self._free:
            self._free.pop().close()


def _make_like_new(session: psycopg2.extensions.connection) -> None:
    """Roll back; forget temporary tables and whatever else belongs to the session."""
    session.rollback()
    session.autocommit = True
    with session.cursor() as cursor:
        cursor.execute("discard all")
    session.autocommit = False


@contextmanager
def collecting_rarely() -> Iterator[None]:
    """Let the body make more objects before Python looks for cycles among them."""
    usual = gc.get_threshold()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


_new_tester = agate_helper.build_type_tester


@lru_cache(maxsize=256)
def _tester(text_columns: frozenset[str], nulls: tuple[str, ...]) -> agate.TypeTester:
    return _new_tester(text_columns, nulls)


def kept_type_tester(
    text_columns: Iterable[str], string_null_values: Iterable[str] | None = ("null", "")
) -> agate.TypeTester:
    """What tells the types of an answer's columns; to make one compiles expressions for every way to write a date."""
    return _tester(frozenset(text_columns), tuple(string_null_values or ()))


def context_with_macros(context: ManifestContext) -> dict[str, Any]:
    """The names that a template may use, where the nearest macro of a name wins; dbt looks each of them up in turn."""
    if not isinstance(context.namespace, MacroNamespace):
        return _context_of_tests(context)
    names = super(ManifestContext, context).to_dict()
    for macros in reversed([*context.namespace._search_order()]):
        names.update(macros)
    return names


_context_of_tests = ManifestContext.to_dict


def be_thrifty() -> None:
    """Put the replacements in place; to be called before each command."""
    PostgresAdapter.ConnectionManager = KeptSessions
    # for each line of its log dbt looks through the whole environment for secrets
    logging.env_scrubber = partial(scrub_secrets, secrets=env_secrets())
    # dbt reads the source of every caller, eight times a command, for a name that only fills an event about flags
    BehaviorFlagRendered._default_source = staticmethod(lambda: "dbt")
    agate_helper.build_type_tester = kept_type_tester
    ManifestContext.to_dict = context_with_macros
