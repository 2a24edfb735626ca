"""What several pages show alike: findings, values, places, the marks of states."""
