"""Frameworks: what many programmes measure alike, declared once; each binds it to its own waves, promises and files."""
