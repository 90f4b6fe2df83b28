"""`sunledger contracts`: terms of contracts from files, planned in words and applied as versions."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from include.cli import exits, output

if TYPE_CHECKING:
    from include.pipeline.contracts import Plan

app = typer.Typer(no_args_is_help=True, help="Contracts: terms in versions.")

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="YAML or JSON; docs/contracts.md shows one.")]
Organization = Annotated[str, typer.Option(help="Name or id of the organization; else the file names it.")]
Json = Annotated[bool, typer.Option("--json", help="Print the plan as JSON.")]


@app.command("plan")
def plan_file(file: File, organization: Organization = "", json: Json = False) -> None:
    """Say what applying a file would change; nothing is written."""
    from include.pipeline import contract_files, contracts

    with flaws_listed():
        document = contract_files.read(file)
        made = contracts.plan(document.content, _owner(organization, document.content), lines=document.lines)
    _show(made, json)


@app.command("apply")
def apply_file(
    file: File,
    organization: Organization = "",
    reason: Annotated[str, typer.Option(help="Why what is stored changes; kept with the version and audited.")] = "",
    json: Json = False,
) -> None:
    """Apply a file, whole or not at all; the same file again changes nothing."""
    import getpass

    from include.pipeline import contract_files, contracts

    with flaws_listed():
        document = contract_files.read(file)
        owner = _owner(organization, document.content)
        made = contracts.apply(document.content, owner, actor=getpass.getuser(), reason=reason, lines=document.lines)
    _show(made, json)


@contextmanager
def flaws_listed() -> Iterator[None]:
    """Print everything that is wrong with a file, one thing a line, and end with exit code 1."""
    from include.core.contract_errors import ContractRefused
    from include.core.controls import one_line

    try:
        yield
    except ContractRefused as refused:
        for flaw in refused.flaws:
            typer.echo(one_line(str(flaw)), err=True)
        raise typer.Exit(exits.REFUSED) from None


def _owner(organization: str, content: object) -> int:
    from include.core.errors import ConfigurationError
    from include.warehouse import registry
    from include.warehouse.database import connect

    named = content.get("organization") if isinstance(content, dict) else None
    if not (organization or named):
        raise ConfigurationError("whose contract is it?", remedy="name the --organization")
    with connect() as connection:
        return registry.organization_id(connection, organization or str(named))


def _show(made: "Plan", json: bool) -> None:
    if json:
        output.as_json(made.as_dict())
        return
    for line in made.words():
        output.console.print(line, markup=False, highlight=False, soft_wrap=True)
