"""Contracts: what every batch must look like before a row of it is stored.

    contract = infer_contract("churn", columns, profile)      # at the first ingest
    path.write_text(render_contract(contract, …))             # a commented file, the user's from then on
    contract = load_contract(path)                            # at every later one

What the user wrote down is refused when it is broken. What was only observed is treated as such: a value
outside of what was seen is reported, and refused only when the batch is plainly something else.
"""

from keepwell.data.contracts.checking import Batch, Checked, check_batch
from keepwell.data.contracts.files import load_contract, render_contract
from keepwell.data.contracts.inferring import infer_contract
from keepwell.data.contracts.refusing import refusal
from keepwell.data.contracts.rules import Breach, ColumnRules, Contract

__all__ = [
    "Batch",
    "Breach",
    "Checked",
    "ColumnRules",
    "Contract",
    "check_batch",
    "infer_contract",
    "load_contract",
    "refusal",
    "render_contract",
]
