"""`python -m sternik` is `sternik`."""

from sternik.cli import main

main()
