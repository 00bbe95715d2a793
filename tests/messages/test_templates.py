"""What an admin publishes can't break a send, and no value can either."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messages.catalogue import plural_form, plural_forms
from messages.errors import PersonError, Value
from messages.markup import Html, parse, plain_text, utf16_length
from messages.placeholders import join_forms
from messages.template_check import forms_of
from messages.templates import (
    Published,
    TemplateError,
    Texts,
    all_keys,
    changes,
    check,
    default_text,
    join_html,
    language_or_default,
    languages,
    parse_forms,
    preview,
    spec_of,
    text_from,
)

TEXTS = Texts()
NEXT = "patient.next.check_in"
COUNTED = "aftercare.avoid.sun"


def published(key: str, text: str, language: str = "en") -> Texts:
    return Texts({(key, language): Published(7, text)})


# Rendering


def test_values_fill_the_default_text() -> None:
    assert TEXTS.html(NEXT, "en", next_check="tomorrow, 18:00") == "Check-in: tomorrow, 18:00"
    assert TEXTS.html(NEXT, "fr", next_check="demain").startswith("Prochain point")


def test_a_published_text_replaces_the_default_and_says_its_version() -> None:
    rendered = published(NEXT, "<b>Next</b>: {next_check}").render(NEXT, "en", next_check="today")
    assert (rendered.html, rendered.version_id) == ("<b>Next</b>: today", 7)
    assert TEXTS.render(NEXT, "en", next_check="today").version_id is None


def test_a_published_text_is_of_one_language() -> None:
    texts = published(NEXT, "Changed {next_check}")
    assert texts.render(NEXT, "fr", next_check="demain").version_id is None


def test_a_published_text_that_no_longer_fits_gives_way_to_the_default() -> None:
    for text in ("{gone}", "<b>open", "x" * 4097, " "):
        rendered = published(NEXT, text).render(NEXT, "en", next_check="today")
        assert (rendered.html, rendered.version_id) == ("Check-in: today", None)


def test_markup_in_values_is_only_text() -> None:
    name = "<b>Tom & Jo</b>"
    html = TEXTS.html("practitioner.patient_joined", "en", patient=name)
    assert plain_text(html).startswith(name)
    assert all(not piece.is_tag for piece in parse(html))


def test_html_values_keep_their_markup_where_they_may() -> None:
    lines = join_html([TEXTS.html(NEXT, "en", next_check="<3"), Html("<i>b</i>")])
    assert "Check-in: &lt;3\n<i>b</i>" in TEXTS.html("patient.next", "en", lines=lines)
    quoted = published("patient.next", "<code>{lines}</code>")
    assert quoted.html("patient.next", "en", lines=Html("<i>b</i>")) == "<code>b</code>"


def test_html_values_that_are_too_long_lose_their_markup_not_their_validity() -> None:
    html = TEXTS.html("patient.next", "en", lines=Html("<i>" + "word " * 400 + "</i>"))
    assert "<i>" not in html
    assert plain_text(html).endswith("…")


def test_buttons_are_plain_and_clipped() -> None:
    label = TEXTS.plain("button.ticked", "en", label="a < b " * 40)
    assert label.startswith("✅ a < b")
    assert utf16_length(label) <= 64


def test_a_count_picks_the_plural() -> None:
    assert TEXTS.plain(COUNTED, "en", hours=1).endswith("1 hour")
    assert TEXTS.plain(COUNTED, "en", hours=48).endswith("48 hours")
    assert TEXTS.plain(COUNTED, "fr", hours=0).endswith("heure"), "French counts nought as one"
    texts = published(COUNTED, "one: {hours} h of shade\nother: {hours} hours of shade")
    assert texts.plain(COUNTED, "en", hours=1) == "1 h of shade"
    assert texts.plain(COUNTED, "en", hours=2) == "2 hours of shade"


def test_a_form_that_only_huge_counts_need_falls_back() -> None:
    assert plural_form("fr", 1_000_000) not in plural_forms("fr")
    assert TEXTS.plain(COUNTED, "fr", hours=1_000_000).endswith("heures")


def test_bugs_are_loud() -> None:
    with pytest.raises(KeyError, match="next_check"):
        TEXTS.render(NEXT, "en")
    with pytest.raises(KeyError):
        TEXTS.render("no.such.key", "en")
    for language in ("de", "keys", "../en"):
        with pytest.raises(KeyError):
            TEXTS.render("error.not_found", language)


def test_a_text_of_empty_values_is_not_blank() -> None:
    assert published(NEXT, "{next_check}").html(NEXT, "en", next_check=" \n") == "…"


def test_errors_become_sentences() -> None:
    error = PersonError("error.text_too_long", {"length": 5000, "limit": 4096})
    assert TEXTS.sentence(error, "en").startswith("That is 5000 characters long")


def test_the_text_in_force_is_what_gets_edited() -> None:
    assert published(NEXT, "New {next_check}").current(NEXT, "en") == "New {next_check}"
    assert TEXTS.current(COUNTED, "en") == default_text(COUNTED, "en")


NASTY = (
    st.text(max_size=300)
    | st.sampled_from(
        [
            "<b>",
            "</b>&amp;",
            "{first_name}",
            "}}{{",
            "👩‍👩‍👧" * 200,
            "\u202eevil\u2066",
            "דנה & <כהן>",
            "x" * 5000,
            "",
            "\n" * 50,
            "א\n" * 400,
        ]
    )
    | st.integers(-(10**9), 10**9)
)
VALUE = NASTY | st.text(max_size=50).map(lambda text: join_html([text, Html("<b>b</b>")]))


@settings(max_examples=400)
@given(st.sampled_from(all_keys()), st.sampled_from([language.code for language in languages()]), st.data())
def test_no_value_breaks_a_text(key: str, language: str, data: st.DataObject) -> None:
    spec = spec_of(key)
    values: dict[str, Value] = {
        name: data.draw(st.integers(0, 5000) if name == spec.count else VALUE) for name in spec.placeholders
    }
    html = TEXTS.html(key, language, **values)
    parse(html)
    seen = TEXTS.plain(key, language, **values)
    assert seen.strip()
    assert utf16_length(seen) <= spec.limit


# Checking


def refusal(key: str, text: str, language: str = "en") -> str:
    """The key of the error, after seeing that its sentence can be said in every language."""
    with pytest.raises(TemplateError) as refused:
        check(key, language, text)
    for known in languages():
        assert len(TEXTS.sentence(refused.value, known.code)) > 20
    return refused.value.key


@pytest.mark.parametrize(
    ("key", "text", "problem"),
    [
        (NEXT, "Hello {nobody}", "template.unknown_placeholder"),
        ("patient.emergency", "Call somebody.", "template.missing_placeholder"),
        ("patient.emergency", "Call {{emergency_number}}.", "template.missing_placeholder"),
        (NEXT, "<b>open", "template.broken_markup"),
        (NEXT, "a < b", "template.broken_markup"),
        (NEXT, "{next<b>_check}</b>", "template.loose_brace"),
        (NEXT, '<a href="https://a.org/{next_check}">x</a>', "template.broken_markup"),
        (NEXT, "an { alone", "template.loose_brace"),
        (NEXT, "{Next Check}", "template.loose_brace"),
        ("error.not_found", "x" * 4097, "template.too_long"),
        ("error.not_found", "👍" * 2049, "template.too_long"),
        ("patient.next", "{lines}" * 5, "template.too_long"),
        ("button.agree", "x" * 65, "template.too_long"),
        ("button.agree", "<b>Yes</b>", "template.plain_only"),
        ("error.not_found", " \n ", "template.empty"),
        ("error.not_found", "<b> </b>", "template.empty"),
        ("button.agree", "", "template.empty"),
        (COUNTED, "{hours} hours", "template.missing_form"),
        (COUNTED, "one: {hours} hour", "template.missing_form"),
        (COUNTED, "one: {hours} hour\nother: <i>{hours} hours", "template.broken_markup"),
    ],
)
def test_what_cannot_be_sent_is_refused_in_words(key: str, text: str, problem: str) -> None:
    assert refusal(key, text) == problem


def test_the_sentence_names_the_placeholder() -> None:
    with pytest.raises(TemplateError) as refused:
        check(NEXT, "en", "{nobody}")
    sentence = TEXTS.sentence(refused.value, "en")
    assert "{nobody}" in sentence
    assert "{next_check}" in sentence


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("error.not_found", "x" * 4096),
        ("error.not_found", "<b>" + "x" * 4096 + "</b>"),
        ("error.not_found", "A brace: {{ and }} and }"),
        ("button.agree", "1 < 2 & 3"),
        (NEXT, "<blockquote expandable>{next_check}</blockquote>"),
        (COUNTED, "other: {hours} hours\none: {hours} hour"),
    ],
)
def test_what_can_be_sent_is_accepted(key: str, text: str) -> None:
    check(key, "en", text)
    assert preview(key, "en", text)


def test_a_button_sent_through_telegram_loses_its_escaping_but_not_its_faults() -> None:
    assert text_from("button.agree", "1 &lt; 2 &amp; &quot;3&quot;") == '1 < 2 & "3"'
    assert text_from("button.agree", "<b>Yes</b>") == "<b>Yes</b>"
    assert text_from("error.not_found", "<b>a</b> &amp; b") == "<b>a</b> &amp; b"


def test_plural_forms_are_the_languages_own() -> None:
    assert plural_forms("en") == ("one", "other")
    assert plural_forms("fr") == ("one", "other")
    assert plural_forms("ru") == ("many", "one", "few", "other")
    with pytest.raises(TemplateError):
        forms_of(spec_of(COUNTED), "ru", "one: {hours} час\nother: {hours} часа")


@settings(max_examples=400)
@given(
    st.text(max_size=200)
    | st.lists(
        st.sampled_from(
            [
                "{next_check}",
                "<b>",
                "</b>",
                "<i>",
                "</i>",
                "{{",
                "}",
                " word ",
                "&amp;",
                "&",
                "<code>",
                "</code>",
            ]
        )
    ).map("".join),
    NASTY,
)
def test_what_is_accepted_can_be_sent_with_any_value(text: str, value: Value) -> None:
    try:
        check(NEXT, "en", text)
    except TemplateError:
        return
    rendered = published(NEXT, text).render(NEXT, "en", next_check=value)
    assert rendered.version_id == 7
    assert 0 < utf16_length(plain_text(rendered.html)) <= spec_of(NEXT).limit


# Preview, forms, changes


def test_a_preview_shows_sample_values_and_all_forms() -> None:
    shown = preview("practitioner.patient_joined", "en", "<b>{patient}</b> & more".replace("&", "&amp;"))
    assert shown == "<b>Anna Keller</b> &amp; more"
    assert preview(NEXT, "fr", "{next_check}") == "demain à 18\xa0h\xa000"
    assert preview(COUNTED, "en", "one: {hours} hour\nother: {hours} hours") == "1 hour\n\n48 hours"


def test_forms_survive_being_edited_as_text() -> None:
    for key in all_keys():
        for language in languages():
            text = default_text(key, language.code)
            if spec_of(key).count is not None:
                assert join_forms(parse_forms(text)) == text
    assert parse_forms("one: a\nb\n\nother: c") == {"one": "a\nb", "other": "c"}
    assert parse_forms("Mind: one: two") == {"other": "Mind: one: two"}


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("See you soon", "See you soon", "See you soon"),
        ("See you soon", "See you later", "See you <s>soon</s><b><u>later</u></b>"),
        ("See you", "See <b>you</b>", "See <s>you</s><b><u>you</u></b>"),
        ("a &lt; b", "a &lt; c", "a &lt; <s>b</s><b><u>c</u></b>"),
        ("", "new", "<b><u>new</u></b>"),
        ("<b>broken", "whole", "<s>&lt;b&gt;broken</s><b><u>whole</u></b>"),
    ],
)
def test_changes_are_marked_word_by_word(old: str, new: str, shown: str) -> None:
    assert changes(old, new) == shown


@given(st.text(max_size=100) | st.just("word " * 900), st.text(max_size=100) | st.just("other " * 900))
def test_changes_can_always_be_shown(old: str, new: str) -> None:
    shown = changes(old, new)
    assert utf16_length(plain_text(shown)) <= 3_001
    assert len(re.findall("<s>", shown)) == len(re.findall("</s>", shown))


# Languages


@pytest.mark.parametrize(
    ("code", "language"),
    [("fr-CA", "fr"), ("FR", "fr"), ("en_GB", "en"), ("de", "fr"), (None, "fr"), ("keys", "fr")],
)
def test_a_language_code_finds_its_language(code: str | None, language: str) -> None:
    assert language_or_default(code, "fr") == language


def test_english_comes_first() -> None:
    assert [(language.code, language.name) for language in languages()] == [
        ("en", "English"),
        ("fr", "Français"),
    ]
