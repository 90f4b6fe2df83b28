"""``python -m include.local up [--once] | down | clean``: what the Makefile calls."""

import argparse
import os
import shutil
import sys
import time
from contextlib import suppress

from include.core.errors import ConfigurationError, SunledgerError
from include.local import front
from include.local import settings as stack_settings
from include.local.failures import StackFailed, tail
from include.local.settings import Settings

WATCH_S = 1.0
INTERRUPTED = 130


def main() -> int:
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m include.local", description="The one-machine stack of Sunledger.")
    commands = parser.add_subparsers(dest="command", required=True)
    up_parser = commands.add_parser("up", help="start the stack and stay until Ctrl-C")
    up_parser.add_argument("--once", action="store_true", help="stop everything after the summary")
    commands.add_parser("down", help="stop the stack, also what a killed one left")
    commands.add_parser("clean", help="stop the stack and delete its data")
    arguments = parser.parse_args()
    try:
        settings = stack_settings.read()
        _refuse_foreign_folder(settings)
        if arguments.command == "up":
            return up(settings, once=arguments.once)
        return clean(settings) if arguments.command == "clean" else down(settings)
    except SunledgerError as failure:
        return _report(failure)


def up(settings: Settings, *, once: bool) -> int:
    """Start the stack, print its summary, and stay up unless told to stop at once."""
    from include.local import progress, summary
    from include.local.stack import Stack

    is_up = False
    with front.alone(settings), front.signals():
        try:
            with front.time_limit(settings.timeout_s):
                with progress.step("look for leftovers"):
                    front.sweep(settings)
                stack = Stack(settings)
                stack.start()
                stack.await_publication(stays_up=not once)
                facts = stack.facts()
            is_up = True
            summary.show(facts, stack.links())
            if not summary.adds_up(facts["rows"]):
                raise StackFailed("the rows of the loads do not add up")
            if not once:
                progress.say("Sunledger is up; Ctrl-C stops it.")
            while not once:
                stack.tend()
                time.sleep(WATCH_S)
        except front.Stopped:
            return 0 if is_up else INTERRUPTED
        except SunledgerError as failure:
            return _report(failure)
        finally:
            front.ignore_signals()
            with progress.step("stop everything"):
                front.sweep(settings)
    return 0


def down(settings: Settings) -> int:
    """Stop the stack of this checkout."""
    sys.stdout.write("stopped\n" if front.stop_running(settings) else "nothing was running\n")
    return 0


def clean(settings: Settings) -> int:
    """Stop the stack and delete what it has stored; nothing else in the folder is touched."""
    front.stop_running(settings)
    for path in settings.stored:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    with suppress(OSError):
        # Something else may lie in a folder that the user has chosen.
        settings.local.rmdir()
    return 0


def _refuse_foreign_folder(settings: Settings) -> None:
    if settings.local.exists() and os.geteuid() not in {0, settings.local.stat().st_uid}:
        raise ConfigurationError(
            "the folder belongs to another user", place=str(settings.local), remedy="run as that user, or remove it"
        )


def _report(failure: SunledgerError) -> int:
    sys.stderr.write(f"\nfailed: {failure}\n")
    log = getattr(failure, "log", None)
    if log and (lines := tail(log)):
        sys.stderr.write(f"\nlast lines of {log}:\n{lines}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
