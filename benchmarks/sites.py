"""How long an hourly run over many sites of one vendor takes: `python -m benchmarks.sites [--sites 1000] [--json]`.

The vendor is the simulator of SolarEdge in a process of its own, whose CPU time is told apart. Each site was read an
hour ago, so a run asks for the new hour and for the three before it that the vendor may have revised, with two calls.
"""

import argparse
import base64
import json
import os
import secrets
import subprocess
import sys
from contextlib import AbstractContextManager

import psycopg

from benchmarks.processes import cpu_seconds
from benchmarks.warehouse import bench
from benchmarks.world import serving
from simulators.solaredge import DEMO_KEY
from simulators.solaredge_plants import fleet

SITES, MOST_MINUTES = 1_000, 10.0
CALLS_PER_MINUTE, CALLS_PER_MONTH = 100_000, 10_000_000


def document(sites: int) -> dict:
    """An organization with one account, and for each of its sites a plant with two meters."""
    projects, listed = [], []
    for number, plant in fleet(sites).items():
        meters = [
            {
                "name": device.serial,
                "rated_power_w": 10_000,
                "devices": [{"source": "solaredge", "site": number, "device": device.serial}],
            }
            for device in plant.devices
        ]
        projects.append({"name": plant.name, "time_zone": plant.zone.key, "meters": meters})
        listed.append({"site": number, "name": plant.name, "project": plant.name, "time_zone": plant.zone.key})
    limits = {"calls_per_minute": CALLS_PER_MINUTE, "monthly_credits": CALLS_PER_MONTH}
    account = {"source": "solaredge", "label": "fleet", "secret_env": "FLEET_KEY", "sites": listed, **limits}
    return {"organization": "Fleet Energy", "projects": projects, "accounts": [account]}


def simulator(sites: int) -> AbstractContextManager[tuple[str, int]]:
    """The vendor in a process of its own; yields its address and process id."""
    limits = ["--calls-per-minute", str(CALLS_PER_MINUTE), "--credits", str(CALLS_PER_MONTH)]
    return serving("simulators.solaredge", "--more-sites", str(sites), *limits)


def measure(sites: int) -> dict:
    """Register the sites, let them be read once, and return the figures."""
    from include.pipeline import registration

    key = base64.b64encode(secrets.token_bytes(32)).decode()
    os.environ |= {"FLEET_KEY": DEMO_KEY, "SUNLEDGER_VAULT_KEYS": json.dumps({"k1": key})}
    with bench() as made, made.fresh() as environment, simulator(sites) as (url, simulator_pid):
        os.environ |= environment | {"SOLAREDGE_BASE_URL": url}
        registration.apply(document(sites))
        with psycopg.connect(environment["BENCH_SUPERUSER_URL"]) as connection:
            connection.execute(
                "update ops.integration_site set high_water_mark = date_trunc('hour', now()) - interval '1 hour'"
            )
            connection.execute("analyze")
        before = cpu_seconds(simulator_pid)
        ran = subprocess.run([sys.executable, "-m", "benchmarks.fleet"], capture_output=True, text=True, check=False)
        if ran.returncode:
            raise RuntimeError(f"benchmarks.fleet failed: {ran.stderr[-2000:]}")
        figures = json.loads(ran.stdout.splitlines()[-1])
        return figures | {"simulator_cpu_s": round(cpu_seconds(simulator_pid) - before, 2)}


def tabulated(figures: dict) -> list[str]:
    """Lines that tell each step in seconds, the memory at several points, and whether the promise was kept."""
    minutes = figures["steps"]["whole"]["wall_s"] / 60
    return [
        f"{'step':<10} {'wall s':>8} {'CPU s':>8} {'of which ours':>14}",
        *(
            f"{name:<10} {step['wall_s']:>8.1f} {step['cpu_s']:>8.1f} {step['client_cpu_s']:>14.1f}"
            for name, step in figures["steps"].items()
        ),
        f"simulator, not in these: {figures['simulator_cpu_s']:g} CPU s",
        f"{figures['sites']} sites, {figures['loads']} loads, {figures['rows_in']} rows, {figures['statuses']}",
        *(
            f"{point['at']:<18} largest process: ours {point['ours_mib']:g}, PostgreSQL's {point['postgres_mib']:g} MiB"
            for point in figures["memory"]
        ),
        f"{minutes:.1f} minutes; must stay under {MOST_MINUTES:g}{'  missed' if minutes > MOST_MINUTES else ''}",
    ]


def main() -> int:
    """Print what was measured; the exit code is 1 when a site did not arrive."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sites", type=int, default=SITES)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    chosen = parser.parse_args()
    figures = measure(chosen.sites)
    if chosen.json:
        sys.stdout.write(json.dumps(figures) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in tabulated(figures))
    return 0 if figures["sites"] == chosen.sites and not figures["broken"] else 1


if __name__ == "__main__":
    sys.exit(main())
