"""The steering model in service: how it is served and exchanged, and the commands that decide on it."""
