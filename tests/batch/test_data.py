import pytest

from graders.batch import data, places
from graders.batch.problems import UsageProblem
from graders.language import speaking
from graders.rubric.model import DataFile, Rubric, Text

TRAIN = DataFile(name="train", files=("higgs_train.pkl", "higgs_train.pk1"))
TEST = DataFile(name="test", files=("higgs_test.pkl",))
RUBRIC = Rubric(assignment="p3", title=Text(es="P", en="P"), exercises=(), data=(TRAIN, TEST))


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CORRIGE_DATA", raising=False)
    monkeypatch.setenv("CORRIGE_HOME", str(tmp_path / "home"))
    with speaking("en"):
        yield tmp_path


def put(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text("x")
    return folder


def test_found_below_by_any_spelling(here):
    put(here / "given" / "deep", "higgs_train.pk1")
    put(here / "given", "higgs_test.pkl")
    found = data.locate(RUBRIC, here / "given")
    assert found[TRAIN] == here / "given" / "deep" / "higgs_train.pk1"


def test_the_usual_spelling_wins(here):
    put(here / "given", "higgs_train.pk1", "higgs_train.pkl", "higgs_test.pkl")
    assert data.locate(RUBRIC, here / "given")[TRAIN].name == "higgs_train.pkl"


def test_without_a_folder_here_then_the_environment(here, monkeypatch):
    everywhere = put(here / "elsewhere", "higgs_train.pkl", "higgs_test.pkl")
    monkeypatch.setenv("CORRIGE_DATA", str(everywhere))
    assert data.locate(RUBRIC)[TEST].parent == everywhere
    mine = put(here / "data" / "p3", "higgs_train.pkl", "higgs_test.pkl")
    assert data.locate(RUBRIC)[TEST].parent == mine


def test_what_is_missing_is_named_with_the_remedy(here):
    put(here / "given", "higgs_train.pkl")
    with pytest.raises(UsageProblem) as problem:
        data.locate(RUBRIC, here / "given")
    assert "higgs_test.pkl" in str(problem.value)
    assert "higgs_train" not in str(problem.value)
    assert "corrige data p3" in str(problem.value)


def test_a_folder_that_is_not_there(here):
    with pytest.raises(UsageProblem, match="no data folder"):
        data.locate(RUBRIC, here / "nowhere")


def test_made_once_by_the_assignments_own_program(here):
    script = put(here / "reference" / "p3") / "make_data.py"
    script.write_text(
        "import sys, pathlib\n"
        "out = pathlib.Path(sys.argv[1]); out.mkdir(parents=True, exist_ok=True)\n"
        "for name in ('higgs_train.pkl', 'higgs_test.pkl'):\n"
        "    with (out / name).open('a') as f: f.write('x')\n"
    )
    folder = data.stand_in(RUBRIC)
    assert folder == places.quick_data("p3")
    assert data.stand_in(RUBRIC) == folder
    assert (folder / "higgs_train.pkl").read_text() == "x"


def test_a_program_that_fails_says_why(here):
    script = put(here / "reference" / "p3") / "make_data.py"
    script.write_text("import sys; sys.exit('no such file: a.csv')")
    with pytest.raises(UsageProblem, match=r"no such file: a\.csv"):
        data.make("p3", here / "out")


def test_an_assignment_without_a_program(here):
    with pytest.raises(UsageProblem, match="no make_data"):
        data.make("p99", here / "out")


def test_an_image_set_may_be_a_folder(here):
    images = DataFile(
        name="cifar10", files=("cifar10.npz", "cifar-10-batches-py", "test_batch"), kind="images"
    )
    rubric = RUBRIC.model_copy(update={"data": (images,)})
    folder = put(here / "given" / "cifar-10-batches-py", "test_batch")
    assert data.locate(rubric, here / "given")[images] == folder
    table = images.model_copy(update={"kind": "table"})
    rubric = RUBRIC.model_copy(update={"data": (table,)})
    assert data.locate(rubric, here / "given")[table] == folder / "test_batch"
