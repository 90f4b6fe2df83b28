"""What a Celery worker imports before it forks: `imports` of its configuration, in docker-compose.yaml.

An image never changes, so the Dags and our own packages are loaded along with the libraries.
"""

import logging
import runpy
from pathlib import Path

from include.core.settings import PROJECT_ROOT
from include.local import preloading

log = logging.getLogger(__name__)


def preload(dags: Path) -> None:
    """Import what the Dags and their tasks will; it only saves time, so a Dag that cannot be read stops no worker."""
    preloading.import_libraries()
    for path in sorted(dags.glob("*.py")):
        try:
            runpy.run_path(str(path))
        except Exception:  # whatever it is: the Dag processor shows it, and each task of that Dag fails with it
            log.exception("%s is not preloaded", path.name)


preload(PROJECT_ROOT / "dags")
preloading.keep_shared()
