"""``value.yaml``: what a decision needs beside findings, each figure with its origin; a module for each part."""
