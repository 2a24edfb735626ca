"""What the engine does, each piece of work timed beside a peer in the same run; ``python -m benchmarks`` runs all."""
