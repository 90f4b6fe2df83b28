"""Secrets that a test plants, and every place where one could come to light."""

import base64
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

from psycopg import sql

SECRET_FIELDS = ("key", "token", "password", "secret")


def disguises(secret: str) -> set[str]:
    """A secret as it stands, in a URL, and in base64 at each of its three alignments."""
    forms = {secret, quote(secret, safe="")}
    for shift in range(3):
        encoded = base64.b64encode(b"x" * shift + secret.encode()).decode()
        forms.add(encoded[4 if shift else 0 : -4])  # the ends depend on what stands beside it
    return {form for form in forms if len(form) >= 8}


def secrets_in(stored: dict) -> set[str]:
    """The parts of a stored secret that nobody may see."""
    return {
        value
        for name, value in stored.items()
        if isinstance(value, str) and len(value) >= 8 and any(field in name for field in SECRET_FIELDS)
    }


def leaks(secrets: Iterable[str], warehouse, *folders: Path, texts: Iterable[str] = ()) -> list[str]:
    """Where one of the secrets stands: in any row of the database, file of the folders, or text."""
    forms = {form for secret in secrets for form in disguises(secret)}
    assert forms, "there is nothing to look for"
    found = [f"text {number}" for number, text in enumerate(texts) if any(form in text for form in forms)]
    found += [str(path) for path in _files(folders) if any(form.encode() in path.read_bytes() for form in forms)]
    return found + list(_tables(forms, warehouse))


def _files(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        assert folder.is_dir(), f"{folder} is not there"
        yield from (path for path in folder.rglob("*") if path.is_file())


def _tables(forms: set[str], warehouse) -> Iterator[str]:
    tables = warehouse.execute(
        """
        select n.nspname as schema, c.relname as name
        from pg_class as c inner join pg_namespace as n on c.relnamespace = n.oid
        where c.relkind = 'r' and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'
        """
    ).fetchall()
    assert {"integration_credential", "ingestion_log"} <= {table["name"] for table in tables}
    for table in tables:
        query = sql.SQL("select count(*) as n from {} as t where t::text like any(%s)")
        patterns = [f"%{form.replace('_', chr(92) + '_')}%" for form in forms]
        name = sql.Identifier(table["schema"], table["name"])
        if warehouse.execute(query.format(name), [patterns]).fetchone()["n"]:
            yield f"{table['schema']}.{table['name']}"
