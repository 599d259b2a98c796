"""`python -m keepwell.testing.scenarios`: plays the scripted faults and prints the score."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from keepwell.core.errors import KeepwellError
from keepwell.testing.scenarios.catalogue import SCENARIOS
from keepwell.testing.scenarios.ground import Ground
from keepwell.testing.scenarios.running import named, play, project_ground, score
from keepwell.testing.scenarios.scenario import Scenario, Verdict
from keepwell.testing.scenarios.table import document_of, line_of, table_of


def main(arguments: Sequence[str] | None = None) -> int:
    """Play scenarios; 0 if all went as expected, 1 if not, 2 if they could not be played."""
    options = _parser().parse_args(arguments)
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)  # what scenarios break on purpose is no news
    try:
        return _main(options)
    except KeepwellError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    finally:
        logging.disable(before)


def _main(options: argparse.Namespace) -> int:
    chosen = [named(one, SCENARIOS) for one in options.only] or list(SCENARIOS)
    if options.list:
        _say("\n".join(f"{one.name}: {one.story}" for one in chosen))
        return 0
    with tempfile.TemporaryDirectory(prefix="keepwell-scenarios-") as folder:
        ground = (
            project_ground(options.project, Path(folder) / "lived") if options.project else None
        )
        verdicts = _played(chosen, ground, quiet=options.json or options.markdown)
    if options.json:
        _say(json.dumps(document_of(verdicts), indent=2))
    elif options.markdown:
        _say(table_of(verdicts))
    else:
        _say(f"\n{score(verdicts)}")
    return 0 if all(one.passed or one.skipped for one in verdicts) else 1


def _played(chosen: Sequence[Scenario], ground: Ground | None, *, quiet: bool) -> list[Verdict]:
    if ground is not None and ground.alarms:
        told = ", ".join(ground.alarms)
        sys.stderr.write(f"Before anything was broken, this was reported: {told}\n")
    return play(chosen, ground, (lambda one: None) if quiet else (lambda one: _say(line_of(one))))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m keepwell.testing.scenarios",
        description="Break things on purpose, and see whether the loop notices, understands and acts.",
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="this one; may be repeated"
    )
    parser.add_argument(
        "--project", type=Path, metavar="DIR", help="a copy of this project, with its policy"
    )
    parser.add_argument("--list", action="store_true", help="say what there is, and play nothing")
    parser.add_argument("--json", action="store_true", help="the verdicts as JSON")
    parser.add_argument(
        "--markdown", action="store_true", help="the verdicts as a table in Markdown"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
