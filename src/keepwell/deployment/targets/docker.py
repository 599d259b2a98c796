"""`docker`: a folder that `docker build` turns into an image which serves one version."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from keepwell import __version__
from keepwell.deployment.targets.base import Exportable, Exported, Option, Value
from keepwell.deployment.targets.runtime import Carried, carry, requirements
from keepwell.deployment.targets.runtime.trial import ExportDiffersError

PORT = 8080
USER = 10001  # above the range of people's accounts, so that it is nobody on any host
SERVER = ("uvicorn", "httptools", "uvloop")
_PATIENCE = 60  # seconds

_DOCKERFILE = """\
# {model} version {version}, exported by Keepwell {keepwell}.
#   docker build -t {image} .
#   docker run --read-only -p {port}:{port} {image}
FROM {base}

LABEL org.opencontainers.image.title="{model}" \\
      org.opencontainers.image.version="{version}"

ENV PYTHONDONTWRITEBYTECODE=1 \\
    PYTHONUNBUFFERED=1 \\
    PIP_NO_CACHE_DIR=1 \\
    PIP_DISABLE_PIP_VERSION_CHECK=1 \\
    OMP_NUM_THREADS=1 \\
    KEEPWELL_PORT={port}
{system}
WORKDIR /app
COPY requirements.txt ./
RUN python -m pip install --no-deps -r requirements.txt
COPY . ./
# Compiled once here, where it can be written; a model that is not the exported one ends the build.
RUN python -m compileall -q . && python serve.py --verify

USER {user}:{user}
EXPOSE {port}
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \\
    CMD ["python", "-c", "{check}"]
ENTRYPOINT ["python", "serve.py"]
"""

_CHECK = (
    "from http.client import HTTPConnection as C; c = C('127.0.0.1', {port}, timeout=2); "
    "c.request('GET', '/readyz'); exit(c.getresponse().status != 200)"
)

_OPENMP = """
RUN apt-get update \\
    && apt-get install -y --no-install-recommends libgomp1 \\
    && rm -rf /var/lib/apt/lists/*
"""

_SERVE = '''\
"""Serves {model} version {version} on KEEPWELL_PORT, {port} unless said; --verify only loads it."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from {module}.serving import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(HERE / "model", sys.argv[1:]))
'''


def default_base() -> str:
    """Return the official slim image of this Python: the packages are pinned for it."""
    return f"python:{sys.version_info.major}.{sys.version_info.minor}-slim"


class Docker:
    """Writes an image's build folder."""

    summary = "Dockerfile, locked packages and a server for this model alone: slim, not as root."
    options = (
        Option(name="base", default=default_base(), meaning="The image that it is built on."),
        Option(name="image", default="", meaning="Its name; MODEL:VERSION unless said."),
    )

    def write(self, folder: Path, exportable: Exportable, options: Mapping[str, Value]) -> Exported:
        """Write the build folder, and start its server once."""
        version = exportable.version
        carried = carry(folder, exportable, "serving", extra=SERVER)
        image = str(options["image"]) or image_of(exportable)
        words = {
            "model": version.model,
            "version": version.version,
            "keepwell": __version__,
            "image": image,
            "base": options["base"],
            "port": PORT,
            "user": USER,
            "module": carried.module,
            "check": _CHECK.format(port=PORT),
            "system": _OPENMP if carried.wants_openmp else "",
        }
        (folder / "Dockerfile").write_text(_DOCKERFILE.format(**words))
        (folder / ".dockerignore").write_text("Dockerfile\n.dockerignore\n**/__pycache__\n")
        (folder / "requirements.txt").write_text(requirements(carried.packages))
        (folder / "serve.py").write_text(_SERVE.format(**words))
        figures = carried.figures | {"cold_start_ms": _cold_start(folder)}
        return Exported(figures=figures, notes=_notes(carried, exportable, image))


def image_of(exportable: Exportable) -> str:
    """Return the name of the image of a version."""
    name = "".join(c if c.isascii() and c.isalnum() else "-" for c in exportable.version.model)
    return f"{name.lower().strip('-') or 'model'}:{exportable.version.version}"


def _notes(carried: Carried, exportable: Exportable, image: str) -> tuple[str, ...]:
    return (
        f"docker build -t {image} .",
        f"docker run --read-only -p {PORT}:{PORT} {image}",
        f"It answers POST /endpoints/{exportable.endpoint}/predict, and the Open Inference "
        "Protocol under /v2.",
        "It keeps no prediction log: nothing it answers is watched.",
        *carried.cautions,
    )


def _cold_start(folder: Path) -> float:
    """Start the server as the image would; return the milliseconds until it is ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"KEEPWELL_HOST": "127.0.0.1", "KEEPWELL_PORT": str(port)}
    command = [sys.executable, "-I", "-B", "serve.py"]
    start = time.perf_counter()
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        try:
            while process.poll() is None and time.perf_counter() - start < _PATIENCE:
                if _is_ready(port):
                    return round((time.perf_counter() - start) * 1000, 1)
                time.sleep(0.01)
        finally:
            process.terminate()
            _, complaint = process.communicate()
    raise ExportDiffersError(
        "the exported server does not start",
        why=complaint.decode(errors="replace").strip()[-500:] or "it did not get ready",
        now="this is a mistake in Keepwell, or in a plugin; please report it",
    )


def _is_ready(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200  # noqa: PLR2004 (OK)
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
