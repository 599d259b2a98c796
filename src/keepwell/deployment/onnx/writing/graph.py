"""An ONNX graph in the making."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import MissingExtraError
from keepwell.deployment.onnx.writing.blocks import Block, NotExportableError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

OPSET = 21
IR_VERSION = 10
TREES_OPSET = 5  # of ai.onnx.ml, where trees learnt to compare doubles
LABELS_OPSET = 3


class Graph:
    """Collects nodes and constants, and gives them names.

    Raises:
        MissingExtraError: If `onnx` is not installed.
    """

    def __init__(self) -> None:
        try:
            import onnx  # noqa: F401
        except ImportError as error:
            raise MissingExtraError("writing an ONNX model", extra="onnx") from error
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []
        self._count = 0
        self._opsets = {"": OPSET}

    def fresh(self, word: str) -> str:
        """Return a name that nothing in the graph bears."""
        self._count += 1
        return f"{word}_{self._count}"

    def input(self, name: str, *, text: bool) -> Block:
        """Add a column that rows bring along."""
        from onnx import TensorProto, helper

        kind = TensorProto.STRING if text else TensorProto.DOUBLE
        self._inputs.append(helper.make_tensor_value_info(name, kind, [None, 1]))
        return Block(name=name, width=1, text=text)

    def node(self, op: str, *inputs: str, outputs: int = 1, domain: str = "", **words: Any) -> str:
        """Add a node and return the name of its first output."""
        from onnx import helper

        names = [self.fresh(op.lower()) for _ in range(outputs)]
        self._nodes.append(helper.make_node(op, list(inputs), names, domain=domain, **words))
        self._opsets.setdefault(domain, LABELS_OPSET if domain == "ai.onnx.ml" else 1)
        return names[0]

    def constant(self, values: "ArrayLike") -> str:
        """Add a constant: doubles, whole numbers, truths or strings."""
        from onnx import numpy_helper

        name = self.fresh("constant")
        array = np.asarray(values)
        if array.dtype.kind == "U":
            array = array.astype(object)
        self._constants.append(numpy_helper.from_array(array, name))
        return name

    def needs(self, domain: str, version: int) -> None:
        """Take note of what a node needs of a domain."""
        self._opsets[domain] = max(version, self._opsets.get(domain, 0))

    def doubles(self, name: str) -> str:
        """Return the same values as doubles."""
        from onnx import TensorProto

        return self.node("Cast", name, to=TensorProto.DOUBLE)

    def matrix(self, blocks: Sequence[Block]) -> Block:
        """Return blocks side by side.

        Raises:
            NotExportableError: If some hold text and some numbers.
        """
        if len({block.text for block in blocks}) > 1:
            raise NotExportableError(
                "text and numbers side by side in one matrix",
                why="a tensor has one type",
                now="encode the text columns in a ColumnTransformer",
            )
        if len(blocks) == 1:
            return blocks[0]
        joined = self.node("Concat", *(block.name for block in blocks), axis=1)
        return Block(name=joined, width=sum(block.width for block in blocks), text=blocks[0].text)

    def columns(self, block: Block, positions: Sequence[int]) -> Block:
        """Return some columns of a block."""
        if list(positions) == list(range(block.width)):
            return block
        places = self.constant(np.asarray(positions, dtype=np.int64))
        name = self.node("Gather", block.name, places, axis=1)
        return Block(name=name, width=len(positions), text=block.text)

    def graft(self, model: Any, values: str, wanted: str) -> str:
        """Take another model's graph in, fed with `values`, and return its output `wanted`."""
        prefix = self.fresh("graft") + "_"
        graph = model.graph
        fed = graph.input[0].name

        def named(name: str) -> str:
            return values if name == fed else prefix + name if name else ""

        for constant in graph.initializer:
            constant.name = named(constant.name)
            self._constants.append(constant)
        for node in graph.node:
            node.input[:] = [named(name) for name in node.input]
            node.output[:] = [named(name) for name in node.output]
            node.name = ""
            self._nodes.append(node)
        for opset in model.opset_import:
            self.needs(opset.domain, opset.version)
        return named(wanted)

    def finish(
        self, outputs: Mapping[str, tuple[str, int, int]], notes: Mapping[str, str]
    ) -> bytes:
        """Return the model's bytes.

        Args:
            outputs: By name: the tensor it is, its type, its width (0: a vector).
            notes: The model's metadata.
        """
        import onnx
        from onnx import helper

        values = []
        for name, (tensor, kind, width) in outputs.items():
            self._nodes.append(helper.make_node("Identity", [tensor], [name]))
            shape: list[int | None] = [None, width] if width else [None]
            values.append(helper.make_tensor_value_info(name, kind, shape))
        graph = helper.make_graph(self._nodes, "keepwell", self._inputs, values, self._constants)
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid(name, at) for name, at in self._opsets.items()],
            ir_version=IR_VERSION,
            producer_name="keepwell",
        )
        helper.set_model_props(model, dict(notes))
        onnx.checker.check_model(model)
        data: bytes = model.SerializeToString(deterministic=True)
        return data
