"""An Asterisk of our own: found or fetched, configured from `dialplan/`, started and stopped."""
