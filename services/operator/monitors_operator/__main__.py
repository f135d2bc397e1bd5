"""`python -m monitors_operator` is `monitors`."""

from .cli import main

main()
