"""The command line as ``python -m impact``."""

from impact.cli import main

main()
