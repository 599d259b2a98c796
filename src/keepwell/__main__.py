"""`python -m keepwell` is `keepwell`."""

import sys

from keepwell.cli.main import main

sys.exit(main())
