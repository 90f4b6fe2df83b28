"""One writer per site: a lock that ends with its process, however that ends."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from include.core import settings
from include.core.errors import SiteBusy
from include.warehouse.database import CONNECT_TIMEOUT_S

LOCK_SPACE = 20261  # the first half of the advisory lock's key; the second is the site
LOOK_AGAIN_S = 0.5


@contextmanager
def one_writer(integration_site_id: int, patience_s: float = 60.0) -> Iterator[None]:
    """Be the only process that reads this site into the lake; wait for another one, and then raise `SiteBusy`.

    The lock belongs to a connection of its own, which the server drops together with a killed process.
    """
    with psycopg.connect(
        settings.warehouse_url("loader"),
        autocommit=True,
        connect_timeout=CONNECT_TIMEOUT_S,
        application_name=f"sunledger writer of site {integration_site_id}",
        keepalives_idle=30,
    ) as connection:
        give_up_at = time.monotonic() + patience_s
        while not _locked(connection, integration_site_id):
            if time.monotonic() >= give_up_at:
                raise SiteBusy(
                    f"site {integration_site_id} is being read by another worker",
                    remedy="nothing was done; try again when that has ended",
                )
            time.sleep(LOOK_AGAIN_S)
        yield


def _locked(connection: psycopg.Connection, integration_site_id: int) -> bool:
    row = connection.execute("select pg_try_advisory_lock(%s, %s::integer)", [LOCK_SPACE, integration_site_id])
    return bool(row.fetchone()[0])
