"""The customers of the small company: what is known of them, and what its model takes."""

import random
from collections.abc import Iterator
from typing import Any

from keepwell.core.records import ColumnType, Field, Signature, Task

NAME = "churn"
CONTRACTS = ("Month-to-month", "One year", "Two year")
PAYMENTS = ("Electronic check", "Mailed check", "Bank transfer", "Credit card")

SIGNATURE = Signature(
    task=Task.BINARY,
    target="Churn",
    inputs=(
        Field(name="tenure", type=ColumnType.INTEGER, required=True, example=12),
        Field(name="MonthlyCharges", type=ColumnType.NUMBER, required=True, example=70.35),
        Field(name="TotalCharges", type=ColumnType.NUMBER, example=842.5),
        Field(
            name="Contract",
            type=ColumnType.CATEGORY,
            required=True,
            categories=CONTRACTS,
            example=CONTRACTS[0],
        ),
        Field(
            name="PaymentMethod", type=ColumnType.CATEGORY, categories=PAYMENTS, example=PAYMENTS[0]
        ),
        Field(name="SeniorCitizen", type=ColumnType.BOOLEAN, example=False),
        Field(name="SignedUp", type=ColumnType.DATETIME, example="2024-05-17"),
        Field(name="LastNote", type=ColumnType.TEXT, example="asked for a cheaper plan"),
    ),
    classes=("No", "Yes"),
)
IMPORTANCE = {
    "Contract": 0.31,
    "tenure": 0.24,
    "MonthlyCharges": 0.19,
    "TotalCharges": 0.11,
    "PaymentMethod": 0.08,
    "SignedUp": 0.04,
    "SeniorCitizen": 0.02,
    "LastNote": 0.01,
}


def rows(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield customers."""
    dice = random.Random(seed)
    for number in range(count):
        tenure = dice.randint(0, 72)
        charges = round(dice.gauss(65, 30) % 120 + 18, 2)
        contract = dice.choices(CONTRACTS, (55, 21, 24))[0]
        yield {
            "customerID": f"{number:04d}-{dice.choice('ABCDEFGH')}{dice.choice('KLMNOP')}",
            "tenure": tenure,
            "MonthlyCharges": charges,
            "TotalCharges": round(tenure * charges, 2) if tenure else "",
            "Contract": contract,
            "PaymentMethod": dice.choice(PAYMENTS),
            "SeniorCitizen": dice.choice(("true", "false")),
            "SignedUp": f"20{dice.randint(18, 25)}-{dice.randint(1, 12):02d}-{dice.randint(1, 28):02d}",
            "LastNote": dice.choice(
                ("asked for a cheaper plan", "moved to a new flat", "praised the support")
            ),
            "Churn": "Yes" if contract == CONTRACTS[0] and dice.random() < 0.4 else "No",
        }
