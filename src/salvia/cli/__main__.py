"""`python -m salvia.cli`: how the supervisor is started."""

from . import main

main()
