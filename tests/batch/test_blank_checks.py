"""A few of the proofs of p3 with each check spoilt; `make proofs` does it with all of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from graders.batch.mark import resolve
from graders.batch.validate import plan
from graders.checks import architecture
from tests.batch.blank_checks import Spoilt, noticed, spoilt_checks

CHAFFS = {
    "skip_overwritten": "architecture.residual_connections",
    "never_saved": "training.saved",
    "alpha_five": "adaptation.alpha_range",
}


def test_a_spoilt_check_is_whole_again_afterwards() -> None:
    whole = architecture.compiles
    with Spoilt("architecture.compiles", "met").in_place():
        assert resolve("architecture.compiles") is not whole
    assert resolve("architecture.compiles") is whole


@pytest.mark.slow
def test_validate_notices_a_spoilt_check(tmp_path: Path) -> None:
    everything = plan("p3", language="en", work=tmp_path)
    few = [proof for proof in everything.proofs if proof.name in {"w1", "w2", *CHAFFS}]
    told = noticed(replace(everything, proofs=few))
    assert told[Spoilt()] == []
    for chaff, check in CHAFFS.items():
        assert told[Spoilt(check, "met")] == [chaff]
    for spoilt in spoilt_checks(everything.rubric)[1:]:
        if spoilt.saying != "met":
            assert {"w1", "w2"} <= set(told[spoilt])
