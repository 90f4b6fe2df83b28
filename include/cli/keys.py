"""`sunledger keys`: keys with which clients call the ingest API."""

import getpass
from typing import Annotated

import typer

from include.cli import output

app = typer.Typer(no_args_is_help=True, help="Keys of clients for the ingest API; a key is shown once.")
COLUMNS = (
    "api_key_id", "label", "prefix", "scopes", "source_system", "calls_per_minute", "created_by", "expires_at",
    "revoked_at", "replaced_by_id", "last_used_at",
)  # fmt: skip

Organization = Annotated[str, typer.Argument(help="Name or id of the organization.")]
KeyId = Annotated[int, typer.Argument(help="As `keys list` shows it.", show_default=False)]


@app.command()
def add(
    organization: Organization,
    label: Annotated[str, typer.Option(help="What the key is for.")],
    scope: Annotated[
        list[str],
        typer.Option(
            help="meter_data, billing_reads, reference_data, status, sites, credentials, evidence, contracts or "
            "contracts_read; may be repeated."
        ),
    ],
    source: Annotated[str, typer.Option(help="Bind the key to one source.")] = "",
    calls_per_minute: Annotated[int | None, typer.Option(min=1, help="Requests a minute; 600 unless named.")] = None,
    days: Annotated[int | None, typer.Option(min=1, max=3650, help="Its life; without it until revoked.")] = None,
) -> None:
    """Make a key and print it; nobody can show it again."""
    from include.core.errors import ConfigurationError
    from include.warehouse import api_keys, registry
    from include.warehouse.database import connect

    if unknown := sorted(set(scope) - set(api_keys.SCOPES)):
        raise ConfigurationError(
            f"there is no scope {', '.join(unknown)}", remedy=f"choose from {', '.join(api_keys.SCOPES)}"
        )
    if not label.strip() or not label.isprintable():
        raise ConfigurationError("the label is empty or cannot be shown")
    with connect() as connection:
        new = api_keys.create(
            connection,
            registry.organization_id(connection, organization),
            label=label,
            scopes=sorted(set(scope)),
            actor=getpass.getuser(),
            source_system=source or None,
            calls_per_minute=calls_per_minute,
            days=days,
        )
    _show(new.api_key_id, new.text)


@app.command("list")
def list_keys(organization: Organization, json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """List the keys of an organization, never their secrets."""
    from include.warehouse import api_keys, registry
    from include.warehouse.database import connect

    with connect() as connection:
        rows = api_keys.listing(connection, registry.organization_id(connection, organization))
    output.as_json(rows) if json else output.as_table(rows, COLUMNS, "keys")


@app.command()
def rotate(organization: Organization, api_key_id: KeyId) -> None:
    """Make a key with the same rights and print it; the old one works for another week."""
    from include.warehouse import api_keys, registry
    from include.warehouse.database import connect

    with connect() as connection:
        owner = registry.organization_id(connection, organization)
        new = api_keys.rotate(connection, owner, api_key_id, actor=getpass.getuser())
    _show(new.api_key_id, new.text)


@app.command()
def revoke(organization: Organization, api_key_id: KeyId) -> None:
    """End a key at once."""
    from include.warehouse import api_keys, registry
    from include.warehouse.database import connect

    with connect() as connection:
        owner = registry.organization_id(connection, organization)
        api_keys.revoke(connection, owner, api_key_id, actor=getpass.getuser())
    output.console.print(f"key {api_key_id} is revoked")


def _show(api_key_id: int, text: str) -> None:
    output.console.print(f"key {api_key_id}; keep it well, it is not shown again:")
    print(text)  # noqa: T201 -- alone on its line, for scripts
