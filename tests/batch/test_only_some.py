"""May someone who writes a wheat or a chaff have just that one judged?"""

import pytest

from graders.batch.problems import UsageProblem
from graders.batch.validate import plan


@pytest.mark.slow  # makes the stand-in data
def test_only_those_named_are_planned(tmp_path):
    planned = plan("p3", only=["w1", "ten_outputs"], work=tmp_path)
    assert [proof.name for proof in planned.proofs] == ["w1", "ten_outputs"]
    assert {s.id for s in planned.job.submissions} == {"w1", "ten_outputs"}
    assert not planned.whole


def test_a_name_that_nothing_has_is_said(tmp_path):
    with pytest.raises(UsageProblem, match="w99"):
        plan("p3", only=["w1", "w99"], work=tmp_path)
