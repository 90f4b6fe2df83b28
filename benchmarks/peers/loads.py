"""dlt loading a Parquet file into PostgreSQL, in the two ways its documentation shows.

Default:  `dlt.sources.filesystem.read_parquet` as it stands (rows as dictionaries, a thousand at a time) and the
          destination's preferred loader format, `insert_values`
          (dlthub.com/docs/dlt-ecosystem/verified-sources/filesystem, .../destinations/postgres).
Arrow:    the same reader with `use_pyarrow`, in pieces of 100,000 rows, and the loader format `parquet`, which goes
          through ADBC's COPY ("Fast loading with arrow tables and parquet" on the page of the destination).

Both append, as is the default, and nothing else of dlt's configuration is touched but telemetry, which is off.
"""

import os
from pathlib import Path

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"

import dlt
from dlt.sources.filesystem import filesystem, read_parquet

TABLE = "readings"
ARROW_ROWS = 100_000


def default(content: Path, url: str, dataset: str) -> None:
    """Load the rows as dictionaries, as the first page of the documentation does."""
    _run(_files(content) | read_parquet(), url, dataset, None)


def arrow(content: Path, url: str, dataset: str) -> None:
    """Load Arrow batches through Parquet and ADBC."""
    _run(_files(content) | read_parquet(chunksize=ARROW_ROWS, use_pyarrow=True), url, dataset, "parquet")


def _files(content: Path):
    return filesystem(bucket_url=content.parent.as_uri(), file_glob=content.name)


def _run(rows, url: str, dataset: str, loader_file_format: str | None) -> None:
    pipeline = dlt.pipeline(
        pipeline_name=dataset,
        pipelines_dir=os.environ["BENCH_PEERS_FOLDER"],
        destination=dlt.destinations.postgres(url),
        dataset_name=dataset,
    )
    pipeline.run(rows.with_name(TABLE), loader_file_format=loader_file_format).raise_on_failed_jobs()
