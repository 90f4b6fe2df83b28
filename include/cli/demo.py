"""`sunledger demo`: the demo organization and its files, for `make run`."""

import shutil
from pathlib import Path

import typer

from include.cli import output
from include.core import settings

app = typer.Typer(no_args_is_help=True, help="The demo organization behind `make run`.")
DEMO = settings.PROJECT_ROOT / "demo"


@app.command("apply")
def apply_demo() -> None:
    """Register the demo organization, its plants, meters and encrypted credential, and apply its contracts."""
    import yaml

    from include.pipeline import contract_files, contracts, registration

    counts = registration.apply(yaml.safe_load((DEMO / "register.yaml").read_text(encoding="utf-8")))
    organization_id = counts["organization_id"]
    output.console.print(f"organization {organization_id} is registered")
    for path in sorted((DEMO / "contracts").glob("*.yaml")):
        document = contract_files.read(path)
        made = contracts.apply(
            document.content, organization_id, actor="demo", reason="the demo files changed", lines=document.lines
        )
        output.console.print(f"contract {made.contract}: {made.outcome}, version {made.version}")


@app.command()
def drop() -> None:
    """Drop the demo files into the inbox, as a client would: written under another name, then renamed."""
    import yaml

    from include.warehouse import registry
    from include.warehouse.database import connect

    name = yaml.safe_load((DEMO / "register.yaml").read_text(encoding="utf-8"))["organization"]["name"]
    with connect() as connection:
        organization_id = registry.organization_id(connection, name)
    for path in sorted((DEMO / "inbox").glob("*/*")):
        _drop(path, settings.inbox_dir() / path.parent.name / str(organization_id) / path.name)


def _drop(source: Path, target: Path) -> None:
    """A file that is there already is left alone, so that a second drop is no new version."""
    if target.exists() and target.read_bytes() == source.read_bytes():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.part")
    shutil.copyfile(source, unfinished)
    unfinished.replace(target)
