"""``python -m essgeo``: the command line, where its script is not on the path."""

from essgeo.cli import main

if __name__ == "__main__":
    main()
