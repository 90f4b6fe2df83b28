import re
import subprocess

from include.core.settings import PROJECT_ROOT

TARGETS = {"help", "setup", "run", "stop", "clean", "test", "lint", "lock", "bench", "bench-peers"}


def make(*arguments: str) -> str:
    command = ["make", "--no-print-directory", *arguments]
    return subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=True).stdout


def test_help_gives_every_target_a_sentence():
    lines = [re.fullmatch(r"make ([\w-]+) +(.+)", line) for line in make("help").splitlines()]
    assert {line[1] for line in lines} >= TARGETS
    assert all(line[2][0].isupper() for line in lines)
    assert make() == make("help")


def test_once_is_passed_on_only_when_it_is_wanted():
    assert "up --once" in make("--dry-run", "run", "ONCE=1")
    assert "--once" not in make("--dry-run", "run")
    assert "--once" not in make("--dry-run", "run", "ONCE=0")
