"""Value: findings become what a decision needs."""
