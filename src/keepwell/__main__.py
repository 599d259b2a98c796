"""`python -m keepwell` is `keepwell`."""

from keepwell.cli.main import main

if __name__ == "__main__":
    main()
