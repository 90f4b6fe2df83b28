"""``python -m include.compose secrets | bake | migrate | serve | bucket | demo``: our parts of docker-compose.yaml.

`secrets` runs on a bare Python, before anything is installed; the others run in the image.
"""

import argparse
import sys
from pathlib import Path

from include.core.errors import SunledgerError
from include.core.settings import PROJECT_ROOT


def main() -> int:
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m include.compose", description="Sunledger on several machines.")
    commands = parser.add_subparsers(dest="command", required=True)
    secrets = commands.add_parser("secrets", help="write .env with freshly drawn passwords and keys")
    secrets.add_argument("--demo", action="store_true", help="with the lake and the vendors of the profile demo")
    secrets.add_argument("--to", type=Path, default=PROJECT_ROOT / ".env", help="the file; it must not exist yet")
    commands.add_parser("bake", help="at the image's build: what dbt knows of the project, and its docs")
    commands.add_parser("migrate", help="databases, roles, newest schema, pools and views")
    commands.add_parser("serve", help="the API server with the administrator's password")
    commands.add_parser("bucket", help="the bucket of the demo's lake")
    commands.add_parser("demo", help="the demo organization: registered, asked for and dropped into the lake")
    arguments = parser.parse_args()
    try:
        run(arguments)
    except SunledgerError as failure:
        sys.stderr.write(f"failed: {failure}\n")
        return 1
    return 0


def run(arguments: argparse.Namespace) -> None:
    """Call what the command names; each import brings only what that command needs."""
    match arguments.command:
        case "secrets":
            from include.compose import env_file

            env_file.write(arguments.to, is_demo=arguments.demo)
        case "bake":
            from include.pipeline import dbt

            dbt.bake()
        case "migrate":
            from include.compose import migration

            migration.migrate()
        case "serve":
            from include.compose import serving

            serving.serve()
        case "bucket":
            from include.compose import bucket

            bucket.make()
        case "demo":
            from include.compose import demo

            demo.bring_in()


if __name__ == "__main__":
    sys.exit(main())
