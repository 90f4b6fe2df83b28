"""Small stand-ins for vendor portals, replaying real plant data; for `make run` and for tests."""
