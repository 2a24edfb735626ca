"""The app: reads published tables only, knows no raw rows."""
