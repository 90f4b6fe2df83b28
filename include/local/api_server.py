"""Airflow's API server with bounded request heads: `python -m include.local.api_server --host ... --port ...`.

Airflow lets nobody choose how uvicorn reads HTTP. What `auto` means is set as this module is imported, not in a
function, because each worker of several is a new process that imports the main module again.
"""

import sys

from airflow.__main__ import main
from uvicorn.config import HTTP_PROTOCOLS

from include.local import request_heads

HTTP_PROTOCOLS["auto"] = f"{request_heads.__name__}:{request_heads.BoundedHeads.__name__}"

if __name__ == "__main__":
    sys.argv[1:1] = ["api-server"]
    main()
