"""Entry point of `python -m include.cli`."""

from include.cli.app import main

main()
