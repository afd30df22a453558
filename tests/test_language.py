from collections import Counter
from io import BytesIO
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.frontend import CommandLineInterface
from babel.messages.pofile import read_po

from graders.language import LANGUAGES, _, current, ngettext, speaking
from graders.locale.extraction import python

ROOT = Path(__file__).parents[1]
CATALOGUE = ROOT / "graders" / "locale" / "es" / "corrige.po"
KEYWORDS = ("_", "N_", "ngettext")


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Catalog:
    """The messages of the source, read with babel.cfg as `make messages` does."""
    pot = tmp_path_factory.mktemp("language") / "messages.pot"
    mapping, package = str(ROOT / "babel.cfg"), str(ROOT / "graders")
    CommandLineInterface().run(["pybabel", "-q", "extract", "-F", mapping, "-o", str(pot), package])
    with pot.open("rb") as stream:
        return read_po(stream)


@pytest.fixture(scope="module")
def spanish() -> Catalog:
    with CATALOGUE.open("rb") as stream:
        return read_po(stream, locale="es")


def ids(catalogue: Catalog) -> set[str | tuple[str, ...]]:
    return {message.id for message in catalogue if message.id}


def forms(message: Message) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The English and the Spanish forms: one each, or two where the message counts."""
    if message.pluralizable:
        return tuple(message.id), tuple(message.string)
    return (message.id,), (message.string,)


def placeholders(text: str) -> Counter[tuple[str, str | None, str | None]]:
    return Counter(
        (name, spec, conversion)
        for _literal, name, spec, conversion in Formatter().parse(text)
        if name is not None
    )


def test_every_message_of_the_source_is_in_the_catalogue(source, spanish):
    assert ids(source) - ids(spanish) == set()


def test_no_message_of_the_catalogue_is_obsolete(source, spanish):
    assert ids(spanish) - ids(source) == set()
    assert not spanish.obsolete


def test_every_message_is_translated_and_settled(spanish):
    open_ones = [m.id for m in spanish if m.id and (m.fuzzy or not all(forms(m)[1]))]
    assert open_ones == []


def test_plural_forms_are_there(spanish):
    assert spanish.num_plurals == 2
    plural = [m for m in spanish if m.id and m.pluralizable]
    assert plural
    assert [m.id for m in plural if len(m.string) != 2] == []


def test_placeholders_agree(spanish):
    differing = [
        message.id
        for message in spanish
        if message.id
        for english, translated in zip(*forms(message), strict=True)
        if placeholders(english) != placeholders(translated)
    ]
    assert differing == []


def test_white_space_at_the_ends_is_kept(spanish):
    def ends(text: str) -> tuple[int, int]:
        return len(text) - len(text.lstrip()), len(text) - len(text.rstrip())

    differing = [
        message.id
        for message in spanish
        if message.id
        for english, translated in zip(*forms(message), strict=True)
        if ends(english) != ends(translated)
    ]
    assert differing == []


def test_the_extraction_looks_inside_f_strings():
    file = BytesIO(
        b"""print(f"{ngettext('one', 'many', 2)}: {_('all')}", _(late), other("none"))"""
    )
    found = {messages for _line, _name, messages, _comments in python(file, KEYWORDS, (), {})}
    assert found == {("one", "many", None), ("all",), (None,)}


def test_spanish_is_spoken():
    with speaking("es"):
        assert current() == "es"
        assert _("Met") == "Cumplido"
        assert _("undecided") == "sin decidir"
        assert ngettext("{n} point", "{n} points", 1) == "{n} punto"
        assert ngettext("{n} point", "{n} points", 2) == "{n} puntos"


def test_english_is_the_key():
    with speaking("en"):
        assert _("Met") == "Met"
        assert ngettext("{n} point", "{n} points", 2) == "{n} points"


def test_the_language_ends_with_its_block():
    before = current()
    with speaking("en"), speaking("es"):
        assert current() == "es"
    assert current() == before


def test_an_unknown_message_is_said_as_it_is():
    with speaking("es"):
        assert _("no such message") == "no such message"


@pytest.mark.parametrize("unknown", ["fr", "", "ES"])
def test_an_unknown_language_is_refused(unknown):
    assert unknown not in LANGUAGES
    with pytest.raises(ValueError, match="unknown language"), speaking(unknown):
        pass
