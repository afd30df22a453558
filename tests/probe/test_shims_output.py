import asyncio

from graders.probe.shims.output import CUT, DISPLAYS, MESSAGES, Cap, _short_replies
from graders.probe.shims.prompts import MAX_ANSWERS, Answers


def test_text_up_to_the_limit_of_a_cell():
    cap = Cap(10)
    assert cap.text("12345") == "12345"
    assert cap.text("1234567") == "12345" + CUT
    assert cap.text("1") == ""
    cap.reset()
    assert cap.text("1") == "1"


def test_displays_have_their_own_limit_and_clearing_gives_it_back():
    cap = Cap(10)
    picture = {"image/png": "x" * 10 * DISPLAYS}
    assert cap.bundle(picture) == picture
    assert cap.bundle({"image/png": "x", "text/plain": "<Figure>"}) == {
        "text/plain": "<Figure>" + CUT
    }
    cap.cleared()
    assert cap.bundle(picture) == picture


def test_too_many_displays():
    cap = Cap(10**6)
    for _ in range(MESSAGES):
        assert cap.bundle({"text/plain": "x"})
    assert cap.bundle({"text/plain": "x"}) == {}


def test_a_long_error_is_shortened_in_the_reply():
    async def real():
        return {"evalue": "x" * 10**6, "traceback": ["y" * 10**6]}

    reply = asyncio.run(_short_replies(real)())
    assert len(reply["evalue"]) < 30_000
    assert len(reply["traceback"][0]) < 30_000


def test_prompts_are_answered_but_not_for_ever(capsys):
    answers = Answers()
    for _ in range(MAX_ANSWERS):
        assert answers("¿Seguir? ") == ""
    try:
        answers()
    except EOFError:
        pass
    else:
        raise AssertionError("a loop that waits for an answer would never end")
    answers.reset()
    assert answers() == ""
