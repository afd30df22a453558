"""How many points does a penalty take, and how is it said?"""

from __future__ import annotations

from decimal import Decimal

from graders.language import ngettext
from graders.rubric import Penalty


def cost(penalty: Penalty | None, points: Decimal) -> Decimal:
    """Points that it takes of an exercise of `points`: exact, and never more than those."""
    if penalty is None:
        return Decimal(0)
    amount = points * penalty.amount / 100 if penalty.unit == "percent" else penalty.amount
    return min(amount, points)


def say(penalty: Penalty | None) -> str:
    """The penalty as the rubric says it: "50 %", "1 point"; "" for none."""
    if penalty is None:
        return ""
    amount = f"{penalty.amount.normalize():f}"
    if penalty.unit == "percent":
        return f"{amount} %"
    return ngettext("{n} point", "{n} points", 1 if penalty.amount == 1 else 2).format(n=amount)
