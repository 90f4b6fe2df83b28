"""The embedded PostgreSQL behind ``make run`` and the tests.

Address:    TCP on 127.0.0.1 only, no unix socket; the wanted port or a free one.
Logins:     a password for every one of them (scram-sha-256), also for the superuser ``postgres``.
Durability: a commit is on disk; only the throw-away cluster of ``ephemeral`` leaves that out.
Leftovers:  a server that outlived its starter is adopted if it is healthy, else stopped; the
            remains of a kill -9 or a power cut are cleared before the next start.
"""

import hashlib
import json
import secrets
import shutil
import signal
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import quote

from include.local import pgbinaries, pgcluster, ports, processes
from include.local.failures import StackFailed
from include.local.pgcluster import SUPERUSER
from include.local.pgsettings import DURABLE, LOGINS, THROW_AWAY, render
from include.local.processes import Process

CHECKOUT = Path(__file__).resolve().parents[2]
EPHEMERAL_PREFIX = f"sunledger-{hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:8]}-"


@dataclass(frozen=True, slots=True)
class Server:
    """A running PostgreSQL of ours."""

    data_dir: Path
    port: int
    password: str = field(repr=False)
    log: Path
    host: str = ports.LOOPBACK

    @property
    def superuser_url(self) -> str:
        """The login that may do everything, on the maintenance database."""
        return self.url("postgres")

    def url(self, database: str, user: str = SUPERUSER, password: str | None = None) -> str:
        """Return a connection URL; without a password for ``user``, the superuser's is taken."""
        login = f"{quote(user, safe='')}:{quote(password or self.password, safe='')}"
        return f"postgresql://{login}@{self.host}:{self.port}/{database}"

    @property
    def is_running(self) -> bool:
        """True while the server serves its port."""
        return pgcluster.ready_port(self.data_dir) == self.port

    def restart_immediate(self) -> None:
        """Crash the server as a power cut would and start it again on the same port."""
        pgcluster.halt(self.data_dir, signal.SIGQUIT)
        pgcluster.launch(self.data_dir, self.log)

    def stop(self) -> None:
        """Stop the server; what is committed stays."""
        stop(self.data_dir)


def start(
    data_dir: Path,
    password: str,
    *,
    port: int = 0,
    settings: Mapping[str, str] = DURABLE,
    log: Path | None = None,
) -> Server:
    """Start the cluster in ``data_dir``, creating it on first use, or adopt it if it runs already.

    ``password`` is the superuser's; an existing folder keeps the one it was created with.
    The log stands beside the folder unless told otherwise.
    """
    data_dir = data_dir.absolute()
    log = log or data_dir.with_name(f"{data_dir.name}.log")
    if running_port := pgcluster.healthy_port(data_dir):
        return Server(data_dir, running_port, password, log)
    stop(data_dir)
    if not (data_dir / "PG_VERSION").exists():
        pgcluster.create(data_dir, password)
    pgbinaries.open_way(data_dir)
    chosen = ports.pick(port)
    (data_dir / "pg_hba.conf").write_text(LOGINS)
    (data_dir / "postgresql.conf").write_text(render({**settings, "port": str(chosen)}))
    pgcluster.launch(data_dir, log)
    return Server(data_dir, chosen, password, log)


def stop(data_dir: Path) -> None:
    """Stop whatever PostgreSQL works in this folder, also one that an earlier process started."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if not pgcluster.halt(data_dir.absolute(), number):
            return
    raise StackFailed(f"PostgreSQL in {data_dir} does not stop")


@contextmanager
def ephemeral() -> Iterator[Server]:
    """Run an empty throw-away cluster for tests; ``restart_immediate`` crashes it.

    If the session is killed, the next one of the same checkout removes its cluster.
    """
    _remove_abandoned()
    folder = Path(tempfile.mkdtemp(prefix=EPHEMERAL_PREFIX))
    (folder / "owner.json").write_text(json.dumps(asdict(processes.myself())))
    try:
        yield start(folder / "data", secrets.token_urlsafe(24), settings=THROW_AWAY)
    finally:
        _remove(folder)


def _remove_abandoned() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{EPHEMERAL_PREFIX}*"):
        try:
            owner = Process(**json.loads((folder / "owner.json").read_text()))
        except (OSError, ValueError, TypeError):
            # Another session is just creating it, or it belongs to another user.
            continue
        if not owner.is_alive:
            _remove(folder)


def _remove(folder: Path) -> None:
    stop(folder / "data")
    shutil.rmtree(folder, ignore_errors=True)
