"""`lambda`: a folder that AWS Lambda runs, packed by `sam build` or by hand."""

import json
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from keepwell import __version__
from keepwell.core.errors import UsageError
from keepwell.deployment.example import example_of
from keepwell.deployment.targets.base import Exportable, Exported, Option, Value
from keepwell.deployment.targets.docker import image_of
from keepwell.deployment.targets.runtime import Carried, carry, requirements
from keepwell.deployment.targets.runtime.trial import ExportDiffersError

MOST_UNPACKED_MB = 250
"""What AWS takes as a zip file, unpacked."""

_MACHINES = {"x86_64": ("x86_64", "AMD64"), "arm64": ("aarch64", "arm64")}
_WHEELS = {"x86_64": "x86_64", "arm64": "aarch64"}
_GLIBCS = ("manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014")

_HANDLER = '''\
"""Answers for {model} version {version}. AWS Lambda calls `handler`."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from {module}.aws import handler_of  # noqa: E402

handler = handler_of(HERE / "model")  # while the function starts, not while somebody waits
'''

_TEMPLATE = """\
# {model} version {version}, exported by Keepwell {keepwell}: sam build && sam deploy --guided
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Description: {title}
Resources:
  Model:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: .
      Handler: handler.handler
      Runtime: {runtime}
      Architectures:
        - {architecture}
      MemorySize: {memory}
      Timeout: 30
      Events:
        Predict:
          Type: HttpApi
          Properties:
            Method: POST
            Path: {path}
Outputs:
  Predict:
    Description: POST instances here.
    Value: !Sub "https://${{ServerlessHttpApi}}.execute-api.${{AWS::Region}}.amazonaws.com{url}"
"""


def default_runtime() -> str:
    """Return AWS's runtime of this Python, or of 3.12: earlier ones have a glibc that is too old."""
    return f"python3.{max(12, sys.version_info.minor)}"


class Lambda:
    """Writes a function for AWS Lambda."""

    summary = "A function for AWS Lambda: handler, template, locked packages. Costs nothing idle."
    options = (
        Option(
            name="architecture",
            default="x86_64",
            meaning="The processor that it runs on.",
            choices=("x86_64", "arm64"),
        ),
        Option(name="memory", default=1024, meaning="Megabytes of memory, 128 to 10240."),
        Option(name="runtime", default=default_runtime(), meaning="AWS's name of the Python."),
    )

    def write(self, folder: Path, exportable: Exportable, options: Mapping[str, Value]) -> Exported:
        """Write the function, and call it once."""
        _check(options)
        version = exportable.version
        carried = carry(folder, exportable, "aws")
        words = {
            "model": version.model,
            "version": version.version,
            "title": json.dumps(f"{version.model} version {version.version}"),
            "keepwell": __version__,
            "module": carried.module,
            "path": json.dumps(f"/endpoints/{exportable.endpoint}/predict"),
            "url": f"/endpoints/{exportable.endpoint}/predict",
            **options,
        }
        (folder / "handler.py").write_text(_HANDLER.format(**words))
        (folder / "template.yaml").write_text(_TEMPLATE.format(**words))
        (folder / "requirements.txt").write_text(requirements(carried.packages))
        lacks = carried.wants_openmp and not _add_openmp(folder, str(options["architecture"]))
        figures = carried.figures | {"cold_start_ms": _cold_start(folder, exportable)}
        return Exported(figures=figures, notes=_notes(carried, exportable, options, lacks=lacks))


def _check(options: Mapping[str, Value]) -> None:
    memory = options["memory"]
    if not isinstance(memory, int) or not 128 <= memory <= 10240:  # noqa: PLR2004 (AWS's limits)
        raise UsageError(
            f"the option 'memory' cannot be {memory}",
            why="AWS gives a function 128 to 10240 MB",
            now="for example --option memory=1024",
        )
    runtime = str(options["runtime"])
    minor = runtime.removeprefix("python3.")
    if not minor.isdecimal() or int(minor) < 12:  # noqa: PLR2004 (the first on Amazon Linux 2023)
        raise UsageError(
            f"the option 'runtime' cannot be '{runtime}'",
            why="the packages need a glibc newer than that of AWS's runtimes before Python 3.12",
            now=f"for example --option runtime={default_runtime()}",
        )


def _add_openmp(folder: Path, architecture: str) -> bool:
    """Add the OpenMP library, which AWS's system lacks; False if there is none for the processor.

    Scikit-learn's wheel carries one that runs on any Linux of the last ten years. Lambda looks for
    libraries in the folder `lib`.
    """
    if sys.platform != "linux" or platform.machine() not in _MACHINES[architecture]:
        return False
    try:
        listed = files("scikit-learn") or []
    except PackageNotFoundError:
        return False
    found = [Path(str(f.locate())) for f in listed if f.name.startswith("libgomp")]
    if not found:
        return False
    (folder / "lib").mkdir()
    shutil.copyfile(found[0], folder / "lib" / "libgomp.so.1")
    return True


def _cold_start(folder: Path, exportable: Exportable) -> float:
    """Call the function in a process of its own; return the milliseconds until it has answered."""
    program = (
        "import json, sys; sys.path.insert(0, sys.argv[1]); import handler; "
        "print(json.dumps(handler.handler(json.load(sys.stdin), None)))"
    )
    event = {"instances": [example_of(exportable.version.signature)]}
    start = time.perf_counter()
    ended = subprocess.run(
        [sys.executable, "-I", "-B", "-c", program, str(folder)],
        input=json.dumps(event),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    milliseconds = round((time.perf_counter() - start) * 1000, 1)
    if ended.returncode or "predictions" not in json.loads(ended.stdout or "{}"):
        raise ExportDiffersError(
            "the exported function does not answer",
            why=(ended.stderr.strip().splitlines() or ["it ended without a word"])[-1],
            now="this is a mistake in Keepwell, or in a plugin; please report it",
        )
    return milliseconds


def _notes(
    carried: Carried, exportable: Exportable, options: Mapping[str, Value], *, lacks: bool
) -> tuple[str, ...]:
    wheels = _WHEELS[str(options["architecture"])]
    platforms = " ".join(f"--platform {glibc}_{wheels}" for glibc in _GLIBCS)
    python = str(options["runtime"]).removeprefix("python")
    name = image_of(exportable).replace(":", "-")
    notes = [
        "With AWS's tool:",
        "sam build && sam deploy --guided",
        "By hand, in that folder:",
        f"pip install --no-deps --only-binary=:all: {platforms} --python-version {python} "
        f"--target . -r requirements.txt && zip -qr ../{name}.zip .",
    ]
    size = sum(pin.size for pin in carried.packages) / 1e6
    if size > MOST_UNPACKED_MB:
        notes.append(
            f"The packages take {size:,.0f} MB, and AWS unpacks no more than {MOST_UNPACKED_MB}: "
            "use an image, as `keepwell export docker` makes it."
        )
    if lacks:
        notes.append(
            "The model's library needs libgomp.so.1: put one for that processor into lib/."
        )
    return (*notes, *carried.cautions)
