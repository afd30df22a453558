"""`python -m graders.cli` is `corrige`."""

from graders.cli import main

main()
