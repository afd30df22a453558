import pytest

from graders.rubric import load
from graders.rubric.problems import RubricError
from graders.rubric.requirements import read_requirements

MINI = """
assignment: mini
title: {es: M, en: M}
run: {RUN}
exercises:
  - id: e1
    title: {es: E, en: E}
    points: 1
    criteria:
      - {id: e1.a, text: {es: A, en: A}, manual: true}
"""


def written(folder, text):
    path = folder / "old.txt"
    path.write_text(text, "utf-8")
    return path


def test_packages_are_read_and_named_by_what_they_are(tmp_path):
    text = "# of 2023\nnumpy<2\n\nmatplotlib  # pictures\ntorch [x] >=2, <3 ; python_version<'4'\n"
    read = read_requirements(written(tmp_path, text))
    assert read.requirements == ("numpy<2", "matplotlib", "torch [x] >=2, <3 ; python_version<'4'")
    other = read_requirements(written(tmp_path, "matplotlib\nnumpy<2\n"))
    again = read_requirements(written(tmp_path, "numpy<2\nmatplotlib # why\n"))
    assert other.digest == again.digest != read.digest


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://example.org/simple",
        "-r more.txt",
        "-e .",
        "numpy @ https://example.org/numpy.whl",
        "git+https://example.org/x",
        "./wheels/numpy.whl",
        "numpy<2 --hash=sha256:00",
        "numpy<2 scipy",
    ],
)
def test_only_names_and_versions(tmp_path, line):
    with pytest.raises(RubricError) as caught:
        read_requirements(written(tmp_path, f"numpy\n{line}\n"))
    assert caught.value.problems[0].line == 2


@pytest.mark.parametrize("text", ["", "# nothing\n"])
def test_a_file_without_packages_is_an_error(tmp_path, text):
    with pytest.raises(RubricError):
        read_requirements(written(tmp_path, text))


def test_a_rubric_names_its_file_beside_it(tmp_path):
    rubric = tmp_path / "mini.yaml"
    rubric.write_text(MINI.replace("{RUN}", "{environment: old.txt}"), "utf-8")
    with pytest.raises(RubricError, match=r"old\.txt"):
        load(rubric)
    written(tmp_path, "numpy<2\n")
    environment = load(rubric).run.environment
    assert environment.file == "old.txt"
    assert environment.requirements == ("numpy<2",)


def test_a_kernel_and_an_environment_are_one_too_many(tmp_path):
    rubric = tmp_path / "mini.yaml"
    written(tmp_path, "numpy<2\n")
    rubric.write_text(MINI.replace("{RUN}", "{environment: old.txt, kernel: k}"), "utf-8")
    with pytest.raises(RubricError, match=r"either|o bien|kernel"):
        load(rubric)
