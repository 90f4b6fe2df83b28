"""Makes the peers' environment under `.local/peers`: `python -m benchmarks.peers.install`, once, over the network."""

import sys

from benchmarks.peers import HOME, PINS
from include.local import install


def main() -> int:
    """Install the peers' pins unless they are installed already."""
    return install.install(HOME, PINS)


if __name__ == "__main__":
    sys.exit(main())
