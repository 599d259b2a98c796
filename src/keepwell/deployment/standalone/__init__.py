"""One model version that answers by itself, from a folder: no workspace, no database, no other service.

    model = open_model(Path("model"))      # every file is checked against its digest first
    model.answer([{"age": 41}])            # the document that the server answers with

An export carries a copy of this package and of what it needs, so it runs where Keepwell is not installed:
NumPy, msgspec and the model's own library are all it takes. `serving` is the door over HTTP, `aws` over
AWS Lambda, `pyfunc` over MLflow.
"""

from keepwell.deployment.standalone.model import StandaloneModel, open_model

__all__ = ["StandaloneModel", "open_model"]
