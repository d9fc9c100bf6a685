"""The steps that bring a database to this program's tables; applied when the store is opened."""
