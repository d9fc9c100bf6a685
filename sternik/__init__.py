"""The program: its commands, its composition roots, the demonstration and its softphone."""
