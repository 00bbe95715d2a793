"""Every language says everything, within its limits, and the code asks for no text that does not exist."""

import ast
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from messages.alerts import ACKNOWLEDGE
from messages.care_plan import ALL_PLANS, CheckKind, Family
from messages.catalogue import OTHER, default_forms, language_file, plural_forms
from messages.check_in import Item, Question, UrgentSign, follow_up_of, form_of, highest_score
from messages.grading import Flag, Grade
from messages.permissions import COMMANDS
from messages.templates import TemplateError, Texts, all_keys, check, default_text, languages, spec_of

ROOT = Path(__file__).parents[2]
LANGUAGES = [language.code for language in languages()]
TEXTS = Texts()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_every_key_and_no_other(language: str) -> None:
    said = set(language_file(language)["texts"])
    assert said == set(all_keys()), "keys.toml and the language differ"


@pytest.mark.parametrize("language", LANGUAGES)
def test_default_texts_may_be_published(language: str) -> None:
    refused = []
    for key in all_keys():
        try:
            check(key, language, default_text(key, language))
        except TemplateError as error:
            refused.append((key, error.key, error.values))
    assert refused == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_counts_have_the_plural_forms_of_the_language(language: str) -> None:
    for key in all_keys():
        expected = set(plural_forms(language)) if spec_of(key).count else {OTHER}
        assert set(default_forms(key, language)) == expected, key


def test_a_value_is_shown_in_every_language_or_in_none() -> None:
    for key in all_keys():
        shown = {language: _placeholders(key, language) for language in LANGUAGES}
        assert len(set(shown.values())) == 1, (key, shown)


def _placeholders(key: str, language: str) -> frozenset[str]:
    texts = default_forms(key, language).values()
    return frozenset(name for text in texts for name in re.findall(r"(?<!\{)\{(\w+)\}", text))


def test_keys_say_what_they_are_for() -> None:
    for key in all_keys():
        assert spec_of(key).purpose.endswith("."), key
        assert re.fullmatch(r"[a-z][a-z0-9_]*(\.[a-z0-9][a-z0-9_]*)+", key), key


def test_samples_fit_their_placeholders() -> None:
    for key in all_keys():
        for placeholder in spec_of(key).placeholders.values():
            assert 0 < len(str(placeholder.sample)) <= placeholder.longest, placeholder.name
            assert "{" not in placeholder.meaning
    known = {name: value for key in all_keys() for name, value in spec_of(key).placeholders.items()}
    for language in LANGUAGES:
        for name, sample in language_file(language).get("samples", {}).items():
            assert len(str(sample)) <= known[name].longest, (language, name)


# Texts that the code builds the key of.


def _built_keys() -> Iterator[str]:
    yield from (f"family.{family}" for family in Family)
    yield from (f"item.{item}" for item in Item)
    yield from (f"flag.{flag.lower()}" for flag in Flag)
    yield from (f"sign.{sign.lower()}" for sign in UrgentSign)
    yield from (f"grade.{grade.name.lower()}" for grade in Grade)
    yield from (f"question.{question}.name" for question in Question)
    yield from (f"aftercare.usual.{family}" for family in Family)
    yield from (f"command.{command}" for command in COMMANDS if command != "start")
    for family, item in product(Family, Item):
        follow_up = follow_up_of(family, item)
        if follow_up is not None:
            yield follow_up.key
    for question in form_of(Family.FACE, "after_24h", CheckKind.ROUTINE).scored:
        yield from (f"answer.{question}.{score}" for score in range(highest_score(question) + 1))
    for plan in ALL_PLANS.values():
        yield from (f"aftercare.avoid.{thing}" for thing in plan.avoid_hours)
        yield from (f"patient.reminder.{reminder.key}" for reminder in plan.reminders)


def test_everything_the_rules_can_find_has_words() -> None:
    assert sorted(set(_built_keys()) - set(all_keys())) == []


def test_every_grade_that_waits_for_somebody_has_a_name() -> None:
    for grade, language in product(ACKNOWLEDGE, LANGUAGES):
        assert TEXTS.plain(f"grade.{grade.name.lower()}", language)


# Keys written out in the code.

ASKING = {"html", "plain", "render", "say_text", "toast"}


def _asked_for() -> Iterator[tuple[str, str]]:
    """Where the code names a text: as the first argument of what shows it, as `template`, or as an error."""
    for folder in ("bot", "storage", "messages"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                for named in _named_in(node):
                    yield str(path.relative_to(ROOT)), named


def _named_in(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and re.fullmatch(r"error(\.[a-z0-9_]+)+", str(node.value)):
        yield str(node.value)
    if not isinstance(node, ast.Call):
        return
    templates = [keyword.value for keyword in node.keywords if keyword.arg == "template"]
    if isinstance(node.func, ast.Attribute) and node.func.attr in ASKING:
        templates.extend(node.args[:1])
    for template in templates:
        fixed = template.values[0] if isinstance(template, ast.JoinedStr) else template
        if isinstance(fixed, ast.Constant) and "." in str(fixed.value):
            yield str(fixed.value) + ("*" if fixed is not template else "")


def test_the_code_asks_for_no_text_that_does_not_exist() -> None:
    unknown = [
        f"{path}: {name}"
        for path, name in _asked_for()
        if not any(key == name or (name[-1] == "*" and key.startswith(name[:-1])) for key in all_keys())
    ]
    assert unknown == []


# What patients are told, and how.

PROMISES = ("you are fine", "you’re fine", "nothing to worry", "vous allez bien", "rien de grave")


@pytest.mark.parametrize("language", LANGUAGES)
def test_patients_are_never_shouted_at_or_told_that_all_is_fine(language: str) -> None:
    for key in all_keys():
        if key.startswith(("patient.", "question.", "aftercare.")):
            text = default_text(key, language).lower()
            assert not [words for words in ("!", *PROMISES) if words in text], key


TELLING_WORDS = (
    *("mesotherap", "mésothérap", "inject", "cellulit", "lipo", "session", "séance", "treat", "trait"),
    *("swelling", "gonflement", "bruis", "bleus", "pain", "douleur"),
    *("skin", "peau", "face", "visage", "eye", "yeux", "scalp", "cheveu", "fat"),
)
PROACTIVE = [
    key
    for key in all_keys()
    if key.startswith(("patient.check_in.opening", "patient.reminder.", "patient.appointment.set"))
    or key in {"patient.nudge", "patient.course_end", "patient.appointment.cancelled", "relay.from_clinic"}
]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_locked_screen_tells_nothing(language: str) -> None:
    for key in PROACTIVE:
        first_line = default_text(key, language).split("\n")[0].lower()
        assert not [word for word in TELLING_WORDS if word in first_line], key


def test_numbers_to_call_cannot_be_edited_away() -> None:
    for key in (
        "patient.emergency",
        "patient.whom_to_call",
        "patient.ending.alert_now",
        "patient.ending.alert_night",
    ):
        assert "emergency_number" in spec_of(key).required
    assert "next_check" in spec_of("patient.ending.reassure").required
    assert "reask_at" in spec_of("patient.ending.watch").required


def test_emergency_texts_need_a_second_admin() -> None:
    emergency = {key for key in all_keys() if spec_of(key).emergency}
    assert {"patient.emergency", "patient.whom_to_call", "patient.ending.alert_now"} <= emergency


def test_french_spaces_and_apostrophes_are_french() -> None:
    for key in all_keys():
        for text in default_forms(key, "fr").values():
            seen = re.sub(r"<[^>]*>", "", text)
            assert not re.search(r"[^\u202f]\?|[^\u202f]!|[^\u202f]; ", seen), f"{key}: U+202F before ; ? !"
            assert not re.search(r"[^\u00a0\d]:(?!\d)", seen), f"{key}: U+00A0 before a colon"
            assert not re.search(r"«[^\u00a0]|[^\u00a0]»", seen), f"{key}: U+00A0 inside « »"
            assert not re.search(r"\w'\w", seen), f"{key}: ’ is the apostrophe"
