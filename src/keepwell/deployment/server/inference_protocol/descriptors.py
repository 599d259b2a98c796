"""The messages of the protocol's gRPC service, as its published definition numbers their fields.

They are described here and built by protobuf at run time, so nothing is generated and kept.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

from keepwell.core.errors import MissingExtraError

if TYPE_CHECKING:
    from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto

PACKAGE = "inference"
SERVICE = f"{PACKAGE}.GRPCInferenceService"

# By message: field, number and type. `*` repeats, `{…}` maps from text, `|` is one of a choice.
_TENSOR = "name=1:string datatype=2:string shape=3:int64*"
_MODEL = "name=1:string version=2:string"
_MESSAGES = {
    "ServerLiveRequest": "",
    "ServerLiveResponse": "live=1:bool",
    "ServerReadyRequest": "",
    "ServerReadyResponse": "ready=1:bool",
    "ModelReadyRequest": _MODEL,
    "ModelReadyResponse": "ready=1:bool",
    "ServerMetadataRequest": "",
    "ServerMetadataResponse": "name=1:string version=2:string extensions=3:string*",
    "ModelMetadataRequest": _MODEL,
    "ModelMetadataResponse.TensorMetadata": _TENSOR,
    "ModelMetadataResponse": "name=1:string versions=2:string* platform=3:string "
    "inputs=4:ModelMetadataResponse.TensorMetadata* outputs=5:ModelMetadataResponse.TensorMetadata*",
    "InferParameter": "bool_param=1:bool| int64_param=2:int64| string_param=3:string|",
    "InferTensorContents": "bool_contents=1:bool* int_contents=2:int32* int64_contents=3:int64* "
    "uint_contents=4:uint32* uint64_contents=5:uint64* fp32_contents=6:float* "
    "fp64_contents=7:double* bytes_contents=8:bytes*",
    "ModelInferRequest.InferInputTensor": f"{_TENSOR} parameters=4:{{InferParameter}} "
    "contents=5:InferTensorContents",
    "ModelInferRequest.InferRequestedOutputTensor": "name=1:string parameters=2:{InferParameter}",
    "ModelInferRequest": "model_name=1:string model_version=2:string id=3:string "
    "parameters=4:{InferParameter} inputs=5:ModelInferRequest.InferInputTensor* "
    "outputs=6:ModelInferRequest.InferRequestedOutputTensor* raw_input_contents=7:bytes*",
    "ModelInferResponse.InferOutputTensor": f"{_TENSOR} parameters=4:{{InferParameter}} "
    "contents=5:InferTensorContents",
    "ModelInferResponse": "model_name=1:string model_version=2:string id=3:string "
    "parameters=4:{InferParameter} outputs=5:ModelInferResponse.InferOutputTensor* "
    "raw_output_contents=6:bytes*",
}


@cache
def message(name: str) -> Any:
    """Return the class of a message by its name: `ModelInferRequest`.

    Raises:
        MissingExtraError: If protobuf is not installed.
    """
    try:
        from google.protobuf import message_factory
    except ImportError:
        raise MissingExtraError("gRPC", extra="grpc") from None
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"{PACKAGE}.{name}"))


@cache
def _pool() -> Any:
    """Return a pool of our own: a client in the same process may bring the same names."""
    from google.protobuf import descriptor_pb2, descriptor_pool

    file = descriptor_pb2.FileDescriptorProto(
        name="open_inference.proto", package=PACKAGE, syntax="proto3"
    )
    made: dict[str, DescriptorProto] = {}
    for name in sorted(_MESSAGES, key=lambda one: one.count(".")):
        outer, _, inner = name.rpartition(".")
        holder = made[outer].nested_type if outer else file.message_type
        made[name] = holder.add(name=inner)
    for name, fields in _MESSAGES.items():
        for field in fields.split():
            _add_field(made[name], name, field)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool


def _add_field(holder: "DescriptorProto", owner: str, text: str) -> None:
    name, _, rest = text.partition("=")
    number, _, kind = rest.partition(":")
    field = holder.field.add(name=name, number=int(number))
    if kind.startswith("{"):
        entry = holder.nested_type.add(name=f"{name.title().replace('_', '')}Entry")
        entry.options.map_entry = True
        _set_type(entry.field.add(name="key", number=1), "string")
        _set_type(entry.field.add(name="value", number=2), kind.strip("{}"))
        _set_type(field, f"{owner}.{entry.name}*")
    else:
        if kind.endswith("|"):
            if not holder.oneof_decl:
                holder.oneof_decl.add(name="parameter_choice")
            field.oneof_index = 0
        _set_type(field, kind.rstrip("|"))


def _set_type(field: "FieldDescriptorProto", kind: str) -> None:
    name = kind.rstrip("*")
    field.label = field.LABEL_REPEATED if kind.endswith("*") else field.LABEL_OPTIONAL
    scalar = getattr(field, f"TYPE_{name.upper()}", None)
    if scalar is None:
        field.type = field.TYPE_MESSAGE
        field.type_name = f".{PACKAGE}.{name}"
    else:
        field.type = scalar
