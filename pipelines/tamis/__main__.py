"""`python -m tamis`: the command."""

from tamis.cli import main

if __name__ == "__main__":
    main()
