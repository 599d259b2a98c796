"""A model of the user's own code: pickled with that code, run as it is, loaded by consent only.

Whatever can be stored as plain data never comes here; this is for a class that the user wrote, or an
estimator of a package that nobody has reviewed.
"""

import pickle
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import msgspec

from keepwell.core.errors import TrainingError
from keepwell.core.records import Proof, Signature
from keepwell.deployment.scoring.foreign import CODE_FILE
from keepwell.deployment.scoring.original import Original
from keepwell.deployment.scoring.proof import difference
from keepwell.deployment.scoring.scorer import SCORER_FILE
from keepwell.features.decoding import Decoder
from keepwell.infrastructure.consent import must_be_trusted

if TYPE_CHECKING:
    import pyarrow as pa


def build_own_code_files(
    pipeline: Any, signature: Signature, sample: "pa.Table", root: Path, reason: str
) -> tuple[dict[str, bytes], Proof]:
    """Return the files of a bundle that hold a model with its code, and how well they reproduce it.

    Args:
        pipeline: The fitted model.
        signature: What it takes and gives.
        sample: Rows that the stored model is compared on.
        root: The project's folder: code of files in it travels with the model.
        reason: Why it is not stored as data.

    Raises:
        TrainingError: If it cannot be pickled.
    """
    modules = _modules_in(root)
    try:
        data = _pickled(pipeline, modules)
        again = pickle.loads(data)  # noqa: S301 (made a line above)
    except Exception as error:
        raise TrainingError(
            f"the {type(pipeline).__name__} cannot be stored",
            why=f"{type(error).__name__}: {error}"[:300],
            now="keep open files, locks, threads and connections out of the fitted model",
        ) from error
    frame = Decoder(signature, lenient=True).table(sample)
    columns = [frame[field.name].to_numpy() for field in signature.inputs]
    live, stored = (Original(one, signature).batch(columns) for one in (pipeline, again))
    note = {"format": 1, "runs": CODE_FILE, "reason": reason}
    files = {CODE_FILE: data, SCORER_FILE: msgspec.json.encode(note)}
    for module in modules:
        source = Path(str(module.__file__))
        files[f"code/{source.relative_to(root.resolve()).as_posix()}"] = source.read_bytes()
    return files, Proof(
        rows=len(live), largest_difference=difference(stored, live), compiled=False, reason=reason
    )


def load_own_code(data: bytes, note: Mapping[str, Any], signature: Signature) -> Original:
    """Return the model that a pickle holds, if this workspace trusts it.

    Raises:
        IntegrityError: If it does not.
        TrainingError: If the pickle needs a package that is not installed, or an other version of one.
    """
    must_be_trusted(data, "the model")
    try:
        return Original(pickle.loads(data), signature)  # noqa: S301 (by consent)
    except Exception as error:
        raise TrainingError(
            "the model's own code cannot be loaded",
            why=f"{type(error).__name__}: {error}"[:300],
            now="install the packages that it was trained with, or train again",
        ) from error


def _modules_in(root: Path) -> list[ModuleType]:
    """Return the loaded modules whose files are the project's, which a server could not import."""
    folder = root.resolve()
    found = []
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if getattr(module, "__name__", "__main__") == "__main__":
            continue
        if not isinstance(file, str) or not Path(file).is_absolute():  # PyTorch invents some
            continue
        path = Path(file).resolve()
        if (
            path.is_file()
            and folder in path.parents
            and not {"site-packages", "dist-packages"} & set(path.parts)
        ):
            found.append(module)
    return found


def _pickled(pipeline: Any, modules: list[ModuleType]) -> bytes:
    import cloudpickle

    own = [module for module in modules if module.__name__ in sys.modules]
    for module in own:
        cloudpickle.register_pickle_by_value(module)
    try:
        data: bytes = cloudpickle.dumps(pipeline)
    finally:
        for module in own:
            cloudpickle.unregister_pickle_by_value(module)
    return data
