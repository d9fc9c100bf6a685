"""The API for agents' desktops, supervisors and the bank's app: planned, and empty so far."""
