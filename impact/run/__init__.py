"""A run: files to good rows (``stage``), rows to findings (``compute``), the whole in one transaction (``flow``)."""
