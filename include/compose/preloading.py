"""What a Celery worker imports before it forks: `imports` of its configuration, in docker-compose.yaml.

Each task is a process forked from the worker, and reads its Dag's file before anything else. There that loads plugins
and our packages, and the work itself dbt or Great Expectations: one to four seconds of a processor for every task. What
the worker has loaded is there for all of them, in memory that they share.
"""

import gc
import logging
import runpy
from pathlib import Path

from include.core.settings import PROJECT_ROOT

log = logging.getLogger(__name__)


def preload(dags: Path) -> None:
    """Import what the Dags and their tasks will; it only saves time, so a Dag that cannot be read stops no worker."""
    import dbt.adapters.postgres
    import dbt.cli.main  # noqa: F401
    import great_expectations.expectations.core  # noqa: F401

    for path in sorted(dags.glob("*.py")):
        try:
            runpy.run_path(str(path))
        except Exception:  # whatever it is: the Dag processor shows it, and each task of that Dag fails with it
            log.exception("%s is not preloaded", path.name)


preload(PROJECT_ROOT / "dags")
# The collector writes to what it looks at, and a page that a child writes to is shared no more.
gc.collect()
gc.freeze()
