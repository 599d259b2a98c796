"""Policies to try: project files, whole or only the sections that say something else."""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from keepwell.core.errors import NotFoundError, ProjectFileError
from keepwell.core.spec import ProjectSpec
from keepwell.infrastructure.project_file import load_project

PRESENT = "as it is"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A policy to try.

    Attributes:
        name: For tables.
        spec: The project with this policy.
    """

    name: str
    spec: ProjectSpec


def read_policy(file: Path, present: ProjectSpec, project_file: Path) -> Candidate:
    """Return a policy from a file: the sections that it has, and those of the project for the rest.

    Of what it says, `monitor`, `loop`, `gate`, `train` and `serve.rollout` count.

    Raises:
        NotFoundError: If there is no such file.
        ProjectFileError: If it holds an unknown key or a wrong value; each complaint has its line.
    """
    if not file.is_file():
        raise NotFoundError(
            f"there is no policy file {file}",
            why="--policy names a YAML file with the sections that differ from keepwell.yaml",
            now="write one, for example `loop: {retrain: {cooldown: 1d}}`, and name it",
        )
    text = file.read_text()
    told = _sections(text)
    rest = "".join(
        part for name, part in _sections(project_file.read_text()).items() if name not in told
    )
    with tempfile.TemporaryDirectory(prefix="keepwell-policy-") as folder:
        whole = Path(folder) / file.name
        # What the file says comes first, so that complaints name its own lines.
        whole.write_text(f"{text.rstrip()}\n{rest}")
        spec = load_project(whole)
    return Candidate(name=file.stem, spec=with_policy(present, spec))


def with_policy(present: ProjectSpec, other: ProjectSpec) -> ProjectSpec:
    """Return the project with another one's policy."""
    return replace(
        present,
        monitor=other.monitor,
        loop=other.loop,
        gate=other.gate,
        train=other.train,
        serve=replace(present.serve, rollout=other.serve.rollout),
    )


def _sections(text: str) -> dict[str, str]:
    """Return the text of each top-level key, with what belongs to it."""
    import yaml

    lines = text.splitlines(keepends=True)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return {}  # said with its line by whoever reads the whole
    if not isinstance(root, yaml.MappingNode):
        return {}
    if root.flow_style:
        raise ProjectFileError(
            "a policy on one line cannot be read",
            why="sections are told apart by their lines",
            now="write each section on lines of its own",
        )
    keys = [(str(key.value), key.start_mark.line) for key, _ in root.value]
    ends = [line for _, line in keys[1:]] + [len(lines)]
    parts = {name: "".join(lines[begin:end]) for (name, begin), end in zip(keys, ends, strict=True)}
    return {name: part if part.endswith("\n") else f"{part}\n" for name, part in parts.items()}
