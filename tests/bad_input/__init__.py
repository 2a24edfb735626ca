"""Bad input of every kind: the message is specific, the exit code right, and nothing good is lost or changed."""
