"""Proofs are of the example where a rubric gives one; only there it is taken for the real thing."""

from graders import rubric as rubrics
from graders.batch.validate import in_earnest


def test_an_example_is_real_in_its_own_proofs() -> None:
    rubric = rubrics.load(rubrics.find("t1"))
    real = in_earnest(rubric)
    assert rubric.criterion("q.new_weights").params["example"] is True
    left = dict(rubric.criterion("q.new_weights").params)
    del left["example"]
    assert real.criterion("q.new_weights").params == left
    assert real.criterion("nb7_2.forward") == rubric.criterion("nb7_2.forward")
    assert real.digest == rubric.digest
