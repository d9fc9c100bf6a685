"""Calls, turns, decisions and events in SQLite or PostgreSQL, and their migrations."""
