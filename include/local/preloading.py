"""The libraries that tasks load, imported once in the process that they are forked from.

A task of Airflow is a process that reads its Dag's file before it does anything, which loads Cosmos and our packages;
the work itself loads dbt or Great Expectations. What their parent has loaded is there for all of them, in memory that
they share.
"""

import gc


def import_libraries() -> None:
    """Import what is slow to import."""
    import dbt.adapters.postgres
    import dbt.cli.main  # noqa: F401
    import great_expectations.expectations.core  # noqa: F401
    import psycopg  # noqa: F401


def keep_shared() -> None:
    """Leave what is loaded alone: the collector writes to what it looks at, and such a page is shared no more."""
    gc.collect()
    gc.freeze()
