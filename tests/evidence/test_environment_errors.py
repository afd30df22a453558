import pytest

from graders.evidence.environment_errors import excused, plainly, refused
from graders.evidence.run_record import CellError, CellRecord
from graders.rubric.model import KnownError

SCALARS = "only 0-dimensional arrays can be converted to Python scalars"


def cell(index, source="", name="", message="", frames=(), **more):
    lines = [f"Cell In[{n}], line 1" for n in frames]
    error = CellError(name=name, message=message, traceback="\n".join(lines)) if name else None
    return CellRecord(index=index, notebook="a", source=source, executed=True, error=error, **more)


def known(name, message):
    return KnownError(name=name, says=plainly(message))


def test_code_as_handed_out_that_a_library_refuses_is_excused():
    cells = [cell(1), cell(4, "b = 1\nprint('%f' % a)", "TypeError", SCALARS, frames=[2])]
    found = excused(cells, {4: "x"}, {})
    assert found.library == (4,)
    assert found.errors == (f"TypeError: {SCALARS}",)


def test_an_error_on_whose_way_a_student_s_function_lies_is_the_student_s():
    cells = [cell(1, "def f(x): ..."), cell(4, "f(a)", "TypeError", SCALARS, frames=[2, 1])]
    assert not excused(cells, {4: "x"}, {}).cells
    assert excused(cells, {1: "w", 4: "x"}, {}).library == (4,)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("NameError", "name 'g' is not defined"),
        ("ValueError", "operands could not be broadcast together"),
        ("AttributeError", "'NoneType' object has no attribute 'shape'"),
        ("TypeError", "f() got an unexpected keyword argument 'alpha'"),
        ("ZeroDivisionError", "division by zero"),
    ],
)
def test_other_errors_of_unchanged_code_are_not_excused_by_their_kind(name, message):
    cells = [cell(0, "def f(x): ..."), cell(1, "", name, message, frames=[2])]
    assert not excused(cells, {1: "x"}, {}).cells


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ModuleNotFoundError", "No module named 'mnist1d'"),
        ("AttributeError", "module 'numpy' has no attribute 'float'.\n`np.float` was a"),
        ("TypeError", "FigureBase.gca() got an unexpected keyword argument 'projection'"),
    ],
)
def test_kinds_that_say_that_a_library_moved(name, message):
    assert excused([cell(0, "", name, message, frames=[1])], {0: "x"}, {}).library == (0,)
    assert not excused([cell(0, "", name, message, frames=[1])], {}, {}).cells
    assert not excused([cell(0, "", name, message)], {0: "x"}, {}).cells  # nobody knows where


def test_what_the_handed_out_notebook_shows_as_well():
    facts = {"x": known("ValueError", "matmul: size 4 is different from 1")}
    same = cell(2, "", "ValueError", "matmul: size 7 is different from 2", frames=[1, 2])
    assert excused([cell(0), same], {2: "x"}, facts).handed_out == (2,)
    other = cell(2, "", "ValueError", "matmul: no", frames=[1, 2])
    assert not excused([cell(0), other], {2: "x"}, facts).cells
    assert not excused([cell(0), same], {}, facts).cells


def test_a_fact_excuses_whatever_lies_on_the_way():
    facts = {"x": known("TypeError", SCALARS)}
    failing = cell(2, "", "TypeError", SCALARS, frames=[1, 2])
    assert excused([cell(0), failing], {2: "x"}, facts).library == (2,)


def test_what_an_excused_cell_would_have_assigned_is_missed_later():
    failing = cell(0, "print('%f' % a)\nb = 1", "TypeError", SCALARS, frames=[1])
    missing = cell(1, "b + 1", "NameError", "name 'b' is not defined", frames=[2])
    unknown = cell(2, "c + 1", "NameError", "name 'c' is not defined", frames=[3])
    assert excused([failing, missing, unknown], {0: "x"}, {}).library == (0, 1)


def test_a_cell_that_took_too_long_is_no_error():
    slow = cell(0, "", "KeyboardInterrupt", "", frames=[1], timed_out=True)
    assert not excused([slow], {0: "x"}, {"x": known("KeyboardInterrupt", "")}).cells


def test_older_tracebacks_say_cells_differently():
    for frame in ("Input In [1], in <cell line: 1>()", "<ipython-input-1-ab12> in <module>"):
        error = CellError(name="TypeError", message=SCALARS, traceback=frame)
        record = CellRecord(index=0, notebook="a", source="", executed=True, error=error)
        assert excused([record], {0: "x"}, {}).library == (0,)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (f"TypeError: {SCALARS}", True),
        ("AttributeError: module 'numpy' has no attribute 'trapz'", True),
        ("AttributeError: `np.float_` was removed in the NumPy 2.0 release. Use", True),
        ("AttributeError: module 'numpy' has no attribute 'sume'", False),
        ("TypeError: only integer scalar arrays can be converted to a scalar index", False),
        ("ModuleNotFoundError: No module named 'x'", False),
    ],
)
def test_what_a_student_s_own_code_may_not_be_blamed_for(error, expected):
    assert refused(error) is expected
