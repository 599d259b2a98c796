"""Trees in LightGBM's text format, which its library reads and walks."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from keepwell.deployment.scoring.heads.trees.nodes import Nodes

if TYPE_CHECKING:
    from numpy.typing import NDArray

CODES = 256  # labels that a node can tell apart: eight words of a bit each
_CATEGORICAL, _GAPS_LEFT, _KNOWS_GAPS = 1, 2, 8  # bits of LightGBM's decision type


def booster_text(trees: Sequence[Nodes], features: int, outputs: int = 1) -> bytes:
    """Return the model that adds up trees; with several outputs, the trees take turns."""
    texts = [_tree(number, tree) for number, tree in enumerate(trees)]
    head = _lines(
        ("version", "v4"),
        ("num_class", outputs),
        ("num_tree_per_iteration", outputs),
        ("label_index", 0),
        ("max_feature_idx", features - 1),
        ("feature_names", _row(f"c{at}" for at in range(features))),
        ("feature_infos", _row(["none"] * features)),
        ("tree_sizes", _row(len(text) for text in texts)),
    )
    return "".join(["tree\n", head, "\n", *texts, "end of trees\n"]).encode()


def _tree(number: int, tree: Nodes) -> str:
    leaf = tree.leaves
    inner = np.flatnonzero(~leaf)
    leaves = int(leaf.sum())
    values = ("leaf_value", _numbers(tree.value[leaf]))
    named = [(f"Tree={number}\nnum_leaves", leaves), ("num_cat", len(tree.labels))]
    if leaves == 1:
        return _lines(*named, values, ("shrinkage", 1)) + "\n\n"
    place = np.empty(len(leaf), dtype=np.int64)  # LightGBM counts inner nodes up and leaves down
    place[inner] = np.arange(len(inner))
    place[leaf] = -1 - np.arange(leaves)
    kinds = np.where(tree.gaps_left, _KNOWS_GAPS | _GAPS_LEFT, _KNOWS_GAPS)
    thresholds = tree.threshold.copy()
    labelled = [int(node) for node in inner if int(node) in tree.labels]
    kinds[labelled] = _CATEGORICAL
    thresholds[labelled] = np.arange(len(labelled))
    sets = [_words(tree.labels[node]) for node in labelled]
    width = CODES // 32
    return (
        _lines(
            *named,
            ("split_feature", _row(tree.feature[inner].tolist())),
            ("split_gain", _row(["0"] * len(inner))),
            ("threshold", _numbers(thresholds[inner])),
            ("decision_type", _row(kinds[inner].tolist())),
            ("left_child", _row(place[tree.left[inner]].tolist())),
            ("right_child", _row(place[tree.right[inner]].tolist())),
            values,
            *(
                [
                    ("cat_boundaries", _row(range(0, width * len(sets) + 1, width))),
                    ("cat_threshold", _row(word for words in sets for word in words)),
                ]
                if sets
                else []
            ),
            ("is_linear", 0),
            ("shrinkage", 1),
        )
        + "\n\n"
    )


def _words(codes: Iterable[int]) -> list[int]:
    words = [0] * (CODES // 32)
    for code in codes:
        words[code // 32] |= 1 << code % 32
    return words


def _lines(*pairs: tuple[str, object]) -> str:
    return "".join(f"{name}={value}\n" for name, value in pairs)


def _row(values: Iterable[object]) -> str:
    return " ".join(map(str, values))


def _numbers(values: "NDArray[np.float64]") -> str:
    return " ".join(map(repr, values.tolist()))
