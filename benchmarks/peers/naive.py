"""The stack that most teams would put together: dlt, a stock Great Expectations validation, a dbt merge.

Load:       dlt's default way (`loads.default`).
Validate:   the rules of `expectations/readings.json` as stock expectations over the loaded table, `result_format`
            COMPLETE with the key columns (docs.greatexpectations.io, "Choose a result format"). It names twenty
            failing rows a rule, where our quarantine holds every one. Rules that need a view or a window function
            (flat lines, night, offsets) are left out, which spares this stack their cost.
Transform:  dbt's own `merge` on the reading's key, of what is newer than the newest merged load, then three tables of
            sums an hour, a day and a month, each a scan of all readings (docs.getdbt.com, "Incremental models").

One process, dbt in it through `dbtRunner`, as our path has it.
"""

import os
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import great_expectations as gx
import psycopg2
from dbt.cli.main import dbtRunner

from benchmarks.meter import Reading, metered
from benchmarks.peers import loads
from benchmarks.peers.rules import KEY, expectations

DATASET = "naive"
DBT = Path(__file__).parent / "dbt"


def walk(content: Path, url: str, postgres_pid: int) -> tuple[dict[str, Reading], dict[str, int]]:
    """Carry a file through the stack; returns what each step and the whole took, and what was found and kept."""
    steps: dict[str, Reading] = {}
    with metered(postgres_pid) as steps["naive"]:
        with metered(postgres_pid) as steps["dlt"]:
            loads.default(content, url, DATASET)
        with metered(postgres_pid) as steps["naive.validate"]:
            named = validate(url)
        with metered(postgres_pid) as steps["naive.transform"]:
            transform(url)
    return steps, {"named": named, **_kept(url)}


def validate(url: str) -> int:
    """Judge the whole table with a stock validation; returns how many failing rows it names."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_postgres("warehouse", connection_string=_for_sqlalchemy(url))
    asset = source.add_table_asset("readings", table_name=loads.TABLE, schema_name=DATASET)
    batch = asset.add_batch_definition_whole_table("all")
    suite = context.suites.add(gx.ExpectationSuite("readings", expectations=expectations()))
    definition = context.validation_definitions.add(gx.ValidationDefinition(name="readings", data=batch, suite=suite))
    result = definition.run(result_format={"result_format": "COMPLETE", "unexpected_index_column_names": list(KEY)})
    if broken := [each for each in result.results if each.exception_info.get("raised_exception")]:
        raise RuntimeError(f"{broken[0].expectation_config}: {broken[0].exception_info}")
    return sum(len(each.result.get("unexpected_index_list") or ()) for each in result.results)


def transform(url: str) -> None:
    """Merge what is new and sum it up."""
    connection = psycopg2.extensions.parse_dsn(url)
    os.environ |= {f"PEER_{name.upper()}": value for name, value in connection.items()}
    folder = os.environ["BENCH_PEERS_FOLDER"]
    places = ["--project-dir", str(DBT), "--profiles-dir", str(DBT), "--target-path", folder, "--log-path", folder]
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        result = dbtRunner().invoke(["run", *places, "--no-send-anonymous-usage-stats", "--quiet"])
    if not result.success:
        raise RuntimeError(f"dbt failed: {result.exception or [each.message for each in result.result]}")


def _for_sqlalchemy(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg2://", 1)


def _kept(url: str) -> dict[str, Any]:
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("select (select count(*) from naive.reading), (select count(*) from naive.reading_hourly)")
        return dict(zip(("readings", "hours"), cursor.fetchone(), strict=True))
