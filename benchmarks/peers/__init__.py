"""What people use today, over the same rows, in an environment of its own that `make bench-peers` makes."""

from pathlib import Path

HOME = Path(__file__).resolve().parents[2] / ".local" / "peers"
PYTHON = HOME / "bin" / "python"
PINS = Path(__file__).parent / "requirements.txt"
