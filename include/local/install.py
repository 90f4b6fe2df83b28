"""Makes a virtual environment; runs on a bare Python before anything is installed.

The pinned packages are installed by uv, which is taken from the machine or put into the
environment first, and compiled to bytecode because that halves the start of every process. A stamp
with the hash of the pins makes the second run instant; an interrupted run leaves none.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".venv"
PINS = ROOT / "requirements.txt"
OLDEST, NEWEST = (3, 11), (3, 13)
UV = "uv==0.13.8"


def main() -> int:
    """Install the project's pins unless they are installed already."""
    return install(HOME, PINS)


def install(home: Path, pins: Path) -> int:
    """Make an environment of some pins, unless exactly these are installed; returns the exit code."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        return _fail(f"Python 3.11, 3.12 or 3.13 is needed, {sys.executable} is {sys.version.split()[0]}")
    stamp = home / f"installed-{_fingerprint(pins)}"
    if stamp.exists() and _version_of(_python(home)) == sys.version_info[:2]:
        return 0
    try:
        _make_environment(home)
        _install(home, pins)
    except (OSError, subprocess.CalledProcessError) as failure:
        return _fail(str(failure))
    for old in home.glob("installed-*"):
        old.unlink()
    stamp.touch()
    return 0


def _make_environment(home: Path) -> None:
    if _version_of(_python(home)) == sys.version_info[:2]:
        return
    _say(f"making {home.relative_to(ROOT)} with Python {sys.version.split()[0]}")
    if home.exists():
        shutil.rmtree(home)
    if uv := _working_uv(home):
        subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, str(home)], check=True)
    else:
        _make_with_pip(home)


def _make_with_pip(home: Path) -> None:
    try:
        venv.create(home, symlinks=True, with_pip=True)
    except subprocess.CalledProcessError as failure:
        shutil.rmtree(home, ignore_errors=True)
        raise OSError("this Python cannot make environments; install uv, or on Debian python3-venv") from failure


def _install(home: Path, pins: Path) -> None:
    _say("installing the pinned packages; the first time takes a few minutes")
    uv = _working_uv(home) or _uv_inside(home)
    environment = {**os.environ, "UV_COMPILE_BYTECODE": "1"}
    if index := os.environ.get("PIP_INDEX_URL"):
        # uv does not read pip's settings; a machine behind a mirror usually has only those.
        environment.setdefault("UV_DEFAULT_INDEX", index)
    command = [*uv, "pip", "install", "--python", str(_python(home)), "--requirement", str(pins)]
    if subprocess.run(command, check=False, env=environment).returncode:
        _say("trying again with the certificates of this machine")
        subprocess.run(command, check=True, env={**environment, "UV_SYSTEM_CERTS": "1"})


def _working_uv(home: Path) -> list[str] | None:
    """Return the machine's uv; one that is only a broken shim does not count."""
    for candidate in (home / "bin" / "uv", HOME / "bin" / "uv", shutil.which("uv")):
        if candidate and Path(candidate).exists():
            tried = subprocess.run([candidate, "--version"], capture_output=True, check=False)
            if tried.returncode == 0:
                return [str(candidate)]
    return None


def _uv_inside(home: Path) -> list[str]:
    python = _python(home)
    if subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode:
        subprocess.run([python, "-m", "ensurepip"], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", UV], check=True)
    return [str(home / "bin" / "uv")]


def _python(home: Path) -> Path:
    return home / "bin" / "python"


def _version_of(python: Path) -> tuple[int, ...] | None:
    if not python.exists():
        return None
    code = "import sys; print(*sys.version_info[:2])"
    answer = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return tuple(map(int, answer.stdout.split())) if answer.returncode == 0 else None


def _fingerprint(pins: Path) -> str:
    return hashlib.sha256(pins.read_bytes()).hexdigest()[:16]


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _fail(reason: str) -> int:
    _say(f"setup failed: {reason}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
