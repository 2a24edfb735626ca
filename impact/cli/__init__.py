"""The command line: choose (:mod:`~impact.cli.main`), parse and call (:mod:`~impact.cli.commands`), print."""
