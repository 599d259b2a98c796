"""Trees as ONNX's `TreeEnsemble`, which compares and adds in doubles."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from keepwell.deployment.onnx.writing.blocks import Block
from keepwell.deployment.onnx.writing.graph import TREES_OPSET, Graph

AT_MOST, MEMBER = 0, 6
"""How a node tests its column: value <= split; value among the members."""


@dataclass(slots=True, kw_only=True)
class Forest:
    """Trees in the form that `TreeEnsemble` takes: inner nodes and leaves in two lists.

    A node is told apart from a leaf by sign: `add_leaf` returns -1 - its position.
    """

    targets: int
    roots: list[int] = field(default_factory=list)
    modes: list[int] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)
    splits: list[float] = field(default_factory=list)
    members: list[Sequence[float]] = field(default_factory=list)
    missing_left: list[bool] = field(default_factory=list)
    children: list[tuple[int, int]] = field(default_factory=list)
    leaf_targets: list[int] = field(default_factory=list)
    leaf_weights: list[float] = field(default_factory=list)

    def add_leaf(self, target: int, weight: float) -> int:
        """Add a leaf and return its mark."""
        self.leaf_targets.append(target)
        self.leaf_weights.append(weight)
        return -len(self.leaf_targets)

    def add_node(
        self,
        column: int,
        test: float | Sequence[float],
        *,
        missing_left: bool,
    ) -> int:
        """Add an inner node and return its position; its children come by `link`."""
        whole = isinstance(test, int | float)
        self.modes.append(AT_MOST if whole else MEMBER)
        self.columns.append(column)
        self.splits.append(float(test) if isinstance(test, int | float) else 0.0)
        self.members.append(() if isinstance(test, int | float) else test)
        self.missing_left.append(missing_left)
        self.children.append((0, 0))
        return len(self.modes) - 1

    def link(self, node: int, left: int, right: int) -> None:
        """Say where a node leads: left where its test holds."""
        self.children[node] = (left, right)

    def plant(self, root: int) -> None:
        """Begin a tree at a node, or at a leaf, which is a tree that always says the same."""
        if root < 0:  # TreeEnsemble wants a node to begin with
            node = self.add_node(0, 0.0, missing_left=True)
            self.link(node, root, root)
            root = node
        self.roots.append(root)

    def write(self, graph: Graph, features: Block) -> Block:
        """Write the sum of the trees, by target."""
        from onnx import TensorProto, helper

        def doubles(name: str, values: Sequence[float]) -> Any:
            return helper.make_tensor(name, TensorProto.DOUBLE, [len(values)], list(values))

        graph.needs("ai.onnx.ml", TREES_OPSET)
        left, right = zip(*self.children, strict=True)
        words: dict[str, Any] = {
            "n_targets": self.targets,
            "aggregate_function": 1,
            "post_transform": 0,
            "tree_roots": self.roots,
            "nodes_modes": helper.make_tensor(
                "modes", TensorProto.UINT8, [len(self.modes)], self.modes
            ),
            "nodes_featureids": self.columns,
            "nodes_splits": doubles("splits", self.splits),
            "nodes_truenodeids": [_place(mark) for mark in left],
            "nodes_trueleafs": [int(mark < 0) for mark in left],
            "nodes_falsenodeids": [_place(mark) for mark in right],
            "nodes_falseleafs": [int(mark < 0) for mark in right],
            "nodes_missing_value_tracks_true": [int(flag) for flag in self.missing_left],
            "leaf_targetids": self.leaf_targets,
            "leaf_weights": doubles("weights", self.leaf_weights),
        }
        if MEMBER in self.modes:
            # One list for all nodes: the members of each, a nan behind them.
            ends = (float(np.nan),)
            listed = [
                value
                for members, mode in zip(self.members, self.modes, strict=True)
                if mode == MEMBER
                for value in (*members, *ends)
            ]
            words["membership_values"] = doubles("members", listed)
        name = graph.node("TreeEnsemble", features.name, domain="ai.onnx.ml", **words)
        return Block(name=name, width=self.targets)


def _place(mark: int) -> int:
    return -1 - mark if mark < 0 else mark
