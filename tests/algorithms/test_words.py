"""What a person reads in the toolbox and the dialog, in Vietnamese and English."""

from __future__ import annotations

import re
import unicodedata

import pytest
from planconcord.engine.catalogue import text
from planconcord.qgis_bridge.base import user_language
from qgis.core import QgsApplication, QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

LANGUAGES = {"vi_VN": "vi", "en_US": "en", "fr": "en"}
NAMES = (
    "checkcoverage",
    "checkborders",
    "checkconformity",
    "createdemo",
    "stylelanduse",
    "prepareplan",
    "diagnosecrs",
    "writesheet",
)
NAMES += ("comparefindings", "comparedrafts")
both = pytest.mark.parametrize("locale", LANGUAGES)
each = pytest.mark.parametrize("name", NAMES)


def fresh(name: str):
    """The algorithm, made anew in the language of now."""
    return QgsApplication.processingRegistry().algorithmById(f"planconcord:{name}").create()


@both
def test_the_language_follows_qgis(speaking, locale: str) -> None:
    speaking(locale)
    assert user_language() == LANGUAGES[locale]


@both
@each
def test_every_parameter_and_output_is_explained(speaking, locale: str, name: str) -> None:
    speaking(locale)
    made = fresh(name)
    for parameter in made.parameterDefinitions():
        assert parameter.description() and parameter.help(), parameter.name()
        assert parameter.description() != parameter.name()
    for output in made.outputDefinitions():
        assert output.description() and made.output_help(output.name()), output.name()


@each
def test_vietnamese_and_english_differ(speaking, name: str) -> None:
    told = {}
    for locale in ("vi_VN", "en_US"):
        speaking(locale)
        made = fresh(name)
        told[locale] = [made.displayName(), made.group(), made.shortDescription(), made.shortHelpString()]
        told[locale] += [p.description() for p in made.parameterDefinitions()]
        told[locale] += [p.help() for p in made.parameterDefinitions()]
        told[locale] += [o.description() for o in made.outputDefinitions()]
        told[locale] += [made.output_help(o.name()) for o in made.outputDefinitions()]
    same = [vi for vi, en in zip(told["vi_VN"], told["en_US"]) if vi == en]
    assert same == []


@both
@each
def test_the_help_panel_names_every_parameter_and_output(speaking, locale: str, name: str) -> None:
    speaking(locale)
    made = fresh(name)
    panel = made.shortHelpString()
    for output in made.outputDefinitions():
        assert f"<b>{output.name()}</b>" in panel
    for parameter in made.parameterDefinitions():
        assert parameter.description() in panel
    assert not re.search(r"\{\w+\}", panel), "a placeholder was not filled"


@each
def test_the_toolbox_finds_it_by_words_of_either_language_with_and_without_accents(name: str) -> None:
    tags = fresh(name).tags()
    assert len(tags) == len(set(tags)) and all(tag == tag.strip() and tag for tag in tags)
    assert any(tag != _plain(tag) for tag in tags), "no Vietnamese tag"
    for tag in tags:
        assert _plain(tag) in tags, f"a search without accents does not find {tag}"


def _plain(words: str) -> str:
    letters = unicodedata.normalize("NFD", words.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


@both
def test_the_provider_has_a_name_an_icon_and_a_mark(speaking, provider: QgsProcessingProvider, locale: str) -> None:
    speaking(locale)
    assert provider.name() == text("provider.name", LANGUAGES[locale])
    assert provider.longName().startswith(provider.name())
    assert _visible(provider.icon())
    assert provider.id() == "planconcord"


@each
def test_each_algorithm_has_an_icon(name: str) -> None:
    assert _visible(fresh(name).icon())


def _visible(icon: QIcon) -> bool:
    """Whether anything of the icon is drawn in the toolbox's size."""
    picture = icon.pixmap(24, 24).toImage()
    return any(picture.pixelColor(x, y).alpha() for x in range(picture.width()) for y in range(picture.height()))
