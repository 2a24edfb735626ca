"""The command line as ``python -m impact``."""

from impact.cli.main import main

main()
