"""``python -m ftlib`` is the ``ftlib`` command."""

from ftlib.cli import main

if __name__ == "__main__":
    main()
