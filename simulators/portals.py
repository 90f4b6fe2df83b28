"""All four vendors' portals in one process, each on a port of its own, for `make run` and the demo of a deployment."""

import argparse
import asyncio

import uvicorn

from simulators import enphase, goodwe, sma, solaredge
from simulators.server import LOOPBACK, Clock

CALLS_PER_MINUTE, CALLS_PER_MONTH = 600, 100_000  # the first sync of a demo asks for two days at once


def main() -> None:
    """Command line: one port for each vendor that shall be stood in for."""
    parser = argparse.ArgumentParser(description="Stand-ins for the vendors' portals")
    apps = {
        "solaredge": lambda clock: solaredge.create_app(
            clock=clock, calls_per_minute=CALLS_PER_MINUTE, credits_per_month=CALLS_PER_MONTH
        ),
        "enphase": lambda clock: enphase.create_app(
            clock=clock, calls_per_minute=CALLS_PER_MINUTE, calls_per_month=CALLS_PER_MONTH
        ),
        "sma": lambda clock: sma.create_app(clock=clock),
        "goodwe": lambda clock: goodwe.create_app(clock=clock, calls_per_minute=CALLS_PER_MINUTE),
    }
    for vendor in apps:
        parser.add_argument(f"--{vendor}", type=int, metavar="PORT")
    parser.add_argument("--host", default=LOOPBACK, help="where to listen; only a container listens elsewhere")
    given, clock = vars(parser.parse_args()), Clock()
    asyncio.run(_serve({given[vendor]: app(clock) for vendor, app in apps.items() if given[vendor]}, given["host"]))


async def _serve(apps: dict, host: str) -> None:
    """Serve all until a signal ends the first; that ends the others too."""
    servers = [
        uvicorn.Server(uvicorn.Config(app, host=host, port=port, log_level="warning")) for port, app in apps.items()
    ]
    running = [asyncio.create_task(server.serve()) for server in servers]
    await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    for server in servers:
        server.should_exit = True
    await asyncio.gather(*running)


if __name__ == "__main__":
    main()
