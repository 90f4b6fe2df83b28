"""`sunledger sites`: register organizations, plants, meters, devices, accounts and column maps from YAML."""

from pathlib import Path
from typing import Annotated

import typer

from include.cli import output

app = typer.Typer(no_args_is_help=True, help="Organizations, plants, meters and the devices that feed them.")


@app.command("apply")
def apply_file(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="A YAML file; docs/registering.md shows it.")
    ],
) -> None:
    """Register what a YAML file describes; applying it again changes nothing."""
    import yaml

    from include.core.errors import ConfigurationError
    from include.pipeline import registration

    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{file} is no YAML: {error}") from error
    if not isinstance(document, dict):
        raise ConfigurationError(f"{file} holds no mapping")
    counts = registration.apply(document)
    output.console.print(", ".join(f"{name.replace('_', ' ')} {count}" for name, count in counts.items()))


@app.command()
def discover(
    organization: Annotated[str, typer.Option(help="Name or id of the organization that owns the account.")],
    source: Annotated[str, typer.Option(help="Vendor of the account.")] = "solaredge",
    label: Annotated[str, typer.Option(help="Label of the account.")] = "",
) -> None:
    """Ask a vendor account for its sites and devices, and print them as YAML to complete and apply."""
    import yaml

    from include.pipeline.discover import discover as ask
    from include.warehouse import registry
    from include.warehouse.database import connect

    with connect() as connection:
        organization_id = registry.organization_id(connection, organization)
    print(yaml.safe_dump(ask(organization_id, source, label), sort_keys=False))  # noqa: T201


@app.command("list")
def list_sites(json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """List the registered plants, meters and devices."""
    from include.warehouse import registry
    from include.warehouse.database import connect

    with connect() as connection:
        rows = registry.tree(connection)
    columns = (
        "organization_id", "organization", "project", "time_zone", "meter_id", "meter", "source_system",
        "external_site_id", "external_device_id",
    )  # fmt: skip
    output.as_json(rows) if json else output.as_table(rows, columns, "registered devices")
