"""Airflow's scheduler, from which tasks are forked: `python -m include.local.scheduler [OPTIONS OF airflow scheduler]`.

Libraries are there before the first fork. Our own packages are not, so that whoever changes them sees the change in the
next task.
"""

import sys

from airflow.__main__ import main

from include.local import preloading

if __name__ == "__main__":
    import cosmos.operators.watcher  # noqa: F401

    preloading.import_libraries()
    preloading.keep_shared()
    sys.argv[1:1] = ["scheduler"]
    main()
