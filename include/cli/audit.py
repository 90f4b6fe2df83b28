"""`sunledger audit`: who did what and why, and whether anybody changed it afterwards."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from include.cli import output

app = typer.Typer(no_args_is_help=True, help="The audit chain: entries, proof, anchors.")
Organization = Annotated[str, typer.Option(help="Only the chain of this organization, by name or id.")]
Json = Annotated[bool, typer.Option("--json")]


@app.command("list")
def list_entries(
    organization: Organization = "",
    action: Annotated[str, typer.Option(help="Only entries of this action.")] = "",
    subject: Annotated[str, typer.Option(help="Only entries about this, such as 'load 12'.")] = "",
    since: Annotated[datetime | None, typer.Option(help="Only entries from this time on, UTC.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 50,
    json: Json = False,
) -> None:
    """List entries, the newest first; organization 0 stands for what belongs to none."""
    from datetime import UTC

    from include.warehouse import audit
    from include.warehouse.database import connect

    with connect() as connection:
        rows = audit.listing(
            connection,
            organization_id=_id(connection, organization),
            action=action or None,
            subject=subject or None,
            since=since and since.replace(tzinfo=since.tzinfo or UTC),
            limit=limit,
        )
    columns = ("organization_id", "seq", "occurred_at", "actor", "action", "subject", "reason")
    output.as_json(rows) if json else output.as_table(rows, columns, "audit entries")


@app.command()
def verify(
    organization: Organization = "",
    anchors: Annotated[bool, typer.Option("--anchors", help="Also compare with the anchors in the lake.")] = False,
    json: Json = False,
) -> None:
    """Recompute every entry of every chain and name the first bad one of each; exit code 1 if there is any."""
    from dataclasses import asdict

    from include.pipeline import audit_chain
    from include.warehouse.database import connect

    with connect() as connection:
        organization_id = _id(connection, organization)
    found = list(audit_chain.verify(organization_id, with_anchors=anchors))
    if json:
        output.as_json([asdict(chain) | {"is_sound": chain.is_sound} for chain in found])
    else:
        for chain in found:
            _tell(chain)
    if not all(chain.is_sound for chain in found):
        raise typer.Exit(1)


def _tell(chain) -> None:
    said = f"organization {chain.organization_id}: {chain.entries} entries are sound, head {chain.head_hash[:16]}"
    if chain.anchored_seq:
        said += f", anchored up to {chain.anchored_seq}"
    output.console.print(said, markup=False)
    if chain.unanchored_since:
        output.console.print(
            f"  warning: unanchored since {chain.unanchored_since:%Y-%m-%d %H:%M:%SZ}; what was cut from its end, or "
            "written anew, would not show",
            markup=False,
        )
    for refused in chain.refused_anchors:
        output.console.print(f"  ANCHOR REFUSED {refused}", markup=False)
    if chain.fault:
        output.console.print(f"  BAD {chain.fault}", markup=False)


@app.command()
def anchor() -> None:
    """Sign the head of every chain into the lake now, as the Dag does every day."""
    from include.pipeline import audit_chain

    for key in audit_chain.anchor():
        output.console.print(key, markup=False)


@app.command()
def signer() -> None:
    """Show our public key: its id, its base64 for SUNLEDGER_TRUSTED_SIGNERS, and its PEM for others to verify with."""
    from include.pipeline.audit_chain import public_key

    key = public_key()
    output.console.print(f"{key.key_id}\n{key.base64}\n{key.pem}", markup=False, end="")


@app.command()
def export(
    organization: Annotated[str, typer.Argument(help="Name or id of the organization; 0 for what belongs to none.")],
    file: Annotated[Path, typer.Argument(dir_okay=False, help="The JSON lines to write.")],
) -> None:
    """Write a chain as canonical JSON lines that can be verified without the database."""
    import getpass

    from include.pipeline import audit_chain
    from include.warehouse.database import connect

    with connect() as connection:
        organization_id = _id(connection, organization)
    lines = audit_chain.export(organization_id or 0, file, actor=getpass.getuser())
    output.console.print(f"{lines} entries are in {file}", markup=False)


def _id(connection, organization: str) -> int | None:
    from include.warehouse import audit, registry

    if organization == str(audit.NO_ORGANIZATION):
        return audit.NO_ORGANIZATION
    return registry.organization_id(connection, organization) if organization else None
