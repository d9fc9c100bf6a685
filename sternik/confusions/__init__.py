"""Learns what a recogniser makes of speech: sentences spoken, sent over a line, heard and counted."""
