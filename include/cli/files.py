"""`sunledger ingest`: one file through land, stage and judge, and on request to published readings."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from include.cli import output
from include.core.errors import NotFound


def ingest(
    file: Annotated[str, typer.Argument(help="A local path, or an http(s), s3 or file URL.", metavar="FILE|URL")],
    organization: Annotated[str, typer.Option(help="Name or id of the organization that the file belongs to.")],
    source: Annotated[str, typer.Option(help="Source system of the file.")] = "manual",
    wait: Annotated[
        bool, typer.Option("--wait", help="Publish afterwards and wait until the readings are final.")
    ] = False,
    site: Annotated[str, typer.Option(help="Site of the rows, for a file that does not name it.")] = "",
    device: Annotated[str, typer.Option(help="Device of the rows, for a file that does not name it.")] = "",
    time_zone: Annotated[str, typer.Option(help="IANA zone of timestamps without offset.")] = "",
    date_order: Annotated[str, typer.Option(help="DMY, MDY or YMD, for dates such as 03/04/2026.")] = "",
    interval: Annotated[int, typer.Option(help="Metering interval in seconds, where it cannot be inferred.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print the verdict as JSON.")] = False,
) -> None:
    """Ingest one file: land, stage and judge it, and print the verdict.

    The exit code is 0 when the file was accepted (or is a known duplicate), 1 when it was rejected or held.
    """
    from include.pipeline.land import land_file
    from include.pipeline.process import process
    from include.warehouse import registry
    from include.warehouse.database import connect

    with connect() as connection:
        organization_id = registry.organization_id(connection, organization)
    hints = {
        "default_site": site,
        "default_device": device,
        "time_zone": time_zone,
        "date_order": date_order,
        "interval_seconds": interval,
    }
    with _local(file) as (path, name):
        landed = land_file(
            path,
            name=name,
            organization_id=organization_id,
            source_system=source,
            uri=path.resolve().as_uri() if "://" not in file else file,
            hints={key: value for key, value in hints.items() if value},
        )
    load = process(landed["load_id"])
    if wait:
        load = _published(load)
    show(load, json)
    raise typer.Exit(0 if load["status"] in {"accepted", "published", "duplicate", "empty"} else 1)


def _published(load: dict[str, Any]) -> dict[str, Any]:
    from include.pipeline.publish import publish_when_free
    from include.warehouse import loads
    from include.warehouse.database import connect

    publish_when_free()
    with connect() as connection:
        return loads.get(connection, load["load_id"])


def show(load: dict[str, Any], json: bool) -> None:
    """Print a load's verdict."""
    names = (
        "load_id", "status", "original_name", "sha256", "rows_in", "rows_clean", "rows_rejected", "rows_duplicate",
        "duplicate_of", "code", "message", "remedy", "data_start_at", "data_end_at", "lake_key", "disposition_key",
    )  # fmt: skip
    verdict = {name: load[name] for name in names} | {"codes": (load["verdict"] or {}).get("codes", {})}
    if json:
        output.as_json(verdict)
        return
    shown = [{"": name.replace("_", " "), "value": verdict[name]} for name in names if verdict[name] is not None]
    output.as_table(shown, ["", "value"], f"load {load['load_id']}")
    codes = [{"code": code, **count} for code, count in verdict["codes"].items()]
    if codes:
        output.as_table(codes, ["code", "severity", "rows", "message"], "rules that were broken")


@contextmanager
def _local(file: str) -> Iterator[tuple[Path, str]]:
    """The file as a local path and its name; a URL is fetched through fsspec."""
    if "://" not in file:
        path = Path(file)
        if not path.is_file():
            raise NotFound(f"there is no file {file}")
        yield path, path.name
        return
    import fsspec

    with tempfile.TemporaryDirectory(prefix="sunledger-") as folder:
        path = Path(folder) / "object"
        try:
            with fsspec.open(file, "rb") as stream, path.open("wb") as copy:
                while chunk := stream.read(1 << 20):
                    copy.write(chunk)
        except FileNotFoundError as error:
            raise NotFound(f"there is nothing at {file}") from error
        yield path, urlsplit(file).path.rsplit("/", 1)[-1] or "download"
