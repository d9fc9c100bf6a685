"""One call from greeting to handover: its story, its ears, its record. Knows ports only."""
