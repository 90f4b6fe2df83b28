"""`sunledger ingest`: one file through land, stage and judge, and on request to published readings."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from include.cli import output
from include.core.errors import ConfigurationError, NotFound


def ingest(
    file: Annotated[str, typer.Argument(help="A local path, or an http(s), s3 or file URL.", metavar="FILE|URL")],
    organization: Annotated[str, typer.Option(help="Name or id of the organization that the file belongs to.")],
    source: Annotated[str, typer.Option(help="Source system of the file.")] = "manual",
    kind: Annotated[str, typer.Option(help="What the file holds: readings or billing.")] = "readings",
    adapter: Annotated[str, typer.Option(help="Of billing: cbe or generic; without it what the source speaks.")] = "",
    wait: Annotated[
        bool, typer.Option("--wait", help="Publish afterwards and wait until the readings are final.")
    ] = False,
    site: Annotated[str, typer.Option(help="Site of the rows, for a file that does not name it.")] = "",
    request: Annotated[
        str, typer.Option(help="For a stored answer of a vendor: path and query of the call that brought it.")
    ] = "",
    fetched_at: Annotated[str, typer.Option(help="When that answer was fetched, ISO 8601 with offset.")] = "",
    device: Annotated[str, typer.Option(help="Device of the rows, for a file that does not name it.")] = "",
    time_zone: Annotated[str, typer.Option(help="IANA zone of timestamps without offset.")] = "",
    date_order: Annotated[str, typer.Option(help="DMY, MDY or YMD, for dates such as 03/04/2026.")] = "",
    interval: Annotated[int, typer.Option(help="Metering interval in seconds, where it cannot be inferred.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print the verdict as JSON.")] = False,
) -> None:
    """Ingest one file: land, stage and judge it, and print the verdict.

    The exit code is 0 when the file was accepted (or is a known duplicate), 1 when it was rejected or held.
    """
    from include.pipeline.process import finish
    from include.warehouse import registry
    from include.warehouse.database import connect

    if kind not in {"readings", "billing"}:
        raise ConfigurationError(f"--kind {kind!r}", remedy="Use readings or billing.")
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
        if request:
            landed = _land_answer(path, organization_id, source, site, request, fetched_at, time_zone)
        else:
            uri = path.resolve().as_uri() if "://" not in file else file
            if kind == "billing":
                landed = _land_billing(path, name, organization_id, source, adapter, uri, date_order)
            else:
                landed = _land_file(path, name, organization_id, source, uri, hints)
    load = finish(landed["load_id"])
    if wait:
        load = _published(load)
    show(load, json)
    raise typer.Exit(0 if load["status"] in {"accepted", "published", "duplicate", "empty"} else 1)


def _land_file(
    path: Path, name: str, organization_id: int, source: str, uri: str, hints: dict[str, Any]
) -> dict[str, Any]:
    from include.pipeline.land import land_file

    return land_file(
        path,
        name=name,
        organization_id=organization_id,
        source_system=source,
        uri=uri,
        hints={key: value for key, value in hints.items() if value},
    )


def _land_billing(
    path: Path, name: str, organization_id: int, source: str, adapter: str, uri: str, date_order: str
) -> dict[str, Any]:
    from include.pipeline.feeds import adapter_of
    from include.pipeline.land import land_billing

    return land_billing(
        path,
        name=name,
        organization_id=organization_id,
        source_system=source,
        adapter=adapter or adapter_of(source),
        uri=uri,
        hints={"date_order": date_order} if date_order else {},
    )


def _land_answer(
    path: Path, organization_id: int, source: str, site: str, request: str, fetched_at: str, time_zone: str
) -> dict[str, Any]:
    from include.pipeline.archive import land_archived

    if not site:
        raise ConfigurationError("--request needs --site", remedy="Name the vendor's id of the site.")
    try:
        at = datetime.fromisoformat(fetched_at) if fetched_at else None
    except ValueError as error:
        raise ConfigurationError(f"--fetched-at {fetched_at!r} is no ISO 8601 time") from error
    return land_archived(
        path,
        organization_id=organization_id,
        source_system=source,
        external_site_id=site,
        request=request,
        fetched_at=at,
        time_zone=time_zone,
    )


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
