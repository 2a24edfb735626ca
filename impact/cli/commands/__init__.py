"""The commands, a module each, named as it is; :mod:`impact.cli.main` lists them and imports the one that is chosen."""
