"""Runs dbt in this process; a warm process builds in a fraction of the time that a fresh one needs.

What parsing the project gave is kept and used again, as long as every file of the project is as it was and the
database is the same: parsing costs more than building.
"""

import gc
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from include.core import settings
from include.core.errors import BuildFailed
from include.warehouse import catalog
from include.warehouse.database import connect

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

PROJECT_DIR = settings.PROJECT_ROOT / "dbt_project"
# What of the environment parsing writes into the manifest: the password and the folders it leaves out.
PARSED_WITH = ("WAREHOUSE_HOST", "WAREHOUSE_PORT", "WAREHOUSE_DATABASE")

# All that a build makes or tests, but for views.
BESIDE_VIEWS = ("config.materialized:table", "config.materialized:incremental", "resource_type:test")

_parsed: dict[Any, "Manifest"] = {}
# the views that the last whole build of the parsed project left, by what it excluded
_views_left: dict[str | None, str] = {}


def target_dir() -> Path:
    """Where dbt keeps its manifest and writes its docs."""
    return Path(os.environ.get("DBT_TARGET_PATH") or settings.LOCAL / "dbt_target")


def manifest_path() -> Path:
    """The manifest that the Dag renders from; `prepare` and `bake` replace it in one step, so it is always whole."""
    return target_dir() / "rendered" / "manifest.json"


def environment() -> dict[str, str]:
    """The variables that `profiles.yml` reads, taken from the transformer's connection URL."""
    url = urlsplit(settings.warehouse_url("transformer"))
    return {
        "WAREHOUSE_HOST": url.hostname or "127.0.0.1",
        "WAREHOUSE_PORT": str(url.port or 5432),
        "WAREHOUSE_DATABASE": url.path.lstrip("/"),
        "WAREHOUSE_TRANSFORMER_PASSWORD": unquote(url.password or ""),
        "DBT_TARGET_PATH": str(target_dir()),
        "DBT_LOG_PATH": os.environ.get("DBT_LOG_PATH", str(settings.LOCAL / "logs")),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }


def run(*arguments: str, watch: Callable[[Any], None] | None = None) -> None:
    """Invoke one dbt command; `watch` hears each of its events. `BuildFailed` names each failed node and why."""
    os.environ.update(environment())
    _invoke(*arguments, manifest=_manifest(), watch=watch)


def build(select: str | None = None, exclude: str | None = None, watch: Callable[[Any], None] | None = None) -> None:
    """Models, then their data tests, over the loads of the open publication; no artifact, because nothing reads it.

    Views say the same in every publication. Those that are as this process's last build left them are not visited one
    by one, which costs as much as a quarter of a small publication; whatever changed a view brings all of them back.
    """
    os.environ.update(environment())
    _manifest()
    is_left = select is None and _views_left.get(exclude) == _views()
    chosen = BESIDE_VIEWS if is_left else [select] if select else []
    selection = [*(["--select", *chosen] if chosen else []), *(["--exclude", exclude] if exclude else [])]
    run("build", "--exclude-resource-type", "unit_test", "--no-write-json", *selection, watch=watch)
    if select is not None:
        return
    before, _views_left[exclude] = _views_left.get(exclude), _views()
    if is_left and _views_left[exclude] != before:  # a table changed its shape, and took the views on it along
        del _views_left[exclude]
        build(exclude=exclude, watch=watch)


def _views() -> str:
    with connect() as connection:
        return catalog.views_digest(connection)


def prepare() -> None:
    """Create the views that judging reads, without touching a canonical row, and keep the manifest for the Dag."""
    run("run", "--full-refresh", "--select", "staging", "intermediate")
    _keep_manifest()


def bake() -> None:
    """What an image brings along, made without a database: the manifest for the Dag, and the docs.

    Every container then renders the same Dag and shows the same docs, without a folder that all of them share.
    """
    os.environ.update(environment())
    _invoke("parse")
    _keep_manifest()
    run("docs", "generate", "--static", "--empty-catalog", "--no-compile")


def _keep_manifest() -> None:
    kept = manifest_path()
    kept.parent.mkdir(parents=True, exist_ok=True)
    draft = kept.with_suffix(f".{os.getpid()}.part")
    shutil.copyfile(target_dir() / "manifest.json", draft)
    draft.replace(kept)


def docs() -> None:
    """Generate the dbt docs site into the target folder, as one page that needs no network."""
    run("docs", "generate", "--static")


def let_go() -> None:
    """Forget what is kept for the next command, in a process that ends: Python complains of locks that are left."""
    from dbt.adapters.factory import reset_adapters

    _parsed.clear()
    _views_left.clear()
    reset_adapters()
    gc.collect()


def _manifest() -> "Manifest":
    """The parsed project. Only the newest is kept; dbt itself reads again only files that have changed."""
    known = environment()
    files = (path.stat() for path in sorted(PROJECT_DIR.rglob("*")))
    state = (*(known[name] for name in PARSED_WITH), *((file.st_ino, file.st_mtime_ns, file.st_size) for file in files))
    if state not in _parsed:
        manifest = _invoke("parse")
        _parsed.clear()
        _views_left.clear()
        _parsed[state] = manifest
    return _parsed[state]


def _invoke(*arguments: str, manifest: "Manifest | None" = None, watch: Callable[[Any], None] | None = None) -> Any:
    from dbt.cli.main import dbtRunner

    from include.pipeline.dbt_thrift import be_thrifty, collecting_rarely

    be_thrifty()
    place = ["--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR)]
    with collecting_rarely(), redirect_stdout(sys.stderr):  # standard output belongs to the caller's own answer
        outcome = dbtRunner(manifest, callbacks=[watch] if watch else []).invoke(
            [*arguments, *place, "--log-level", "none"]
        )
    if not outcome.success:
        raise BuildFailed(_reason(outcome), place=f"dbt {arguments[0]}", remedy="the log is logs/dbt.log")
    return outcome.result


def _reason(outcome) -> str:
    if outcome.exception:
        return str(outcome.exception)
    failed = [f"{r.node.name}: {r.message}" for r in outcome.result or [] if str(r.status) in {"error", "fail"}]
    return "; ".join(failed)[:2000] or "dbt reported failure without a message"
