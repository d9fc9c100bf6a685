"""Which engine listens with which acoustic model, and where models come from."""
