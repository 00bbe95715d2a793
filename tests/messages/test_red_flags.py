import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.care_plan import Family
from messages.catalogue import language_file, languages
from messages.grading import Flag, Grade, flag_grade
from messages.red_flags import red_flags_in

WORD_FLAGS = [flag for flag in Flag if flag[0] in "EU" and flag is not Flag.PAIN_UP]


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        ("I can't breathe!", (Flag.E1,)),
        ("i CANT breathe", (Flag.E1,)),
        ("I can’t breathe", (Flag.E1,)),
        ("J'ai du mal à respirer", (Flag.E1,)),
        ("j ai du mal a respirer", (Flag.E1,)),
        ("she fainted twice", (Flag.E2,)),
        ("je vois double depuis ce matin", (Flag.E3,)),
        ("chest pain since noon", (Flag.E4,)),
        ("je n'arrive plus à avaler", (Flag.E5,)),
        ("fever and chills", (Flag.E6, Flag.U5)),
        ("my skin turned white", (Flag.U1,)),
        ("la peau est noire", (Flag.U1,)),
        ("the bruise is growing", (Flag.U7,)),
        ("I have hives", (Flag.U2,)),
        ("redness is spreading", (Flag.U3,)),
        ("There is pus.", (Flag.U4,)),
        ("de la FIEVRE", (Flag.U5,)),
        ("a hard knot under the skin", (Flag.U6,)),
        ("it is getting worse", (Flag.U8,)),
        ("mon sourire de travers", (Flag.U9,)),
        ("a cold sore", (Flag.U10,)),
        ("mal à l'œil", (Flag.U11,)),
        ("mal a l oeil", (Flag.U11,)),
        ("rash and\n  fever", (Flag.U2, Flag.U5)),
    ],
)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_words_are_found_in_every_language(text: str, flags: tuple[Flag, ...], language: str) -> None:
    assert red_flags_in(text, language) == flags


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "🙂",
        "Thank you, all fine",
        "Merci, tout va bien",
        "a brash colour",
        "feverfew tea",
        "see you on Monday",
        "vitamin ampoule",
        "le purée",
    ],
)
def test_other_words_and_parts_of_words_are_not(text: str) -> None:
    assert red_flags_in(text, "en") == ()


def test_there_is_no_cleverness_about_negation() -> None:
    assert red_flags_in("no fever", "en") == (Flag.U5,)


@pytest.mark.parametrize("language", [language.code for language in languages()])
def test_every_language_has_words_for_every_red_flag(language: str) -> None:
    table: dict[str, list[str]] = language_file(language)["red_flag_words"]
    assert sorted(table) == sorted(WORD_FLAGS)
    for name, phrases in table.items():
        assert phrases
        assert len(phrases) == len(set(phrases))
        for phrase in phrases:
            assert Flag(name) in red_flags_in(f"Hello, {phrase.upper()}, what now?", language)
            assert flag_grade(Family.PAIN, Flag(name)) >= Grade.U


@given(st.text(max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    flags = red_flags_in(text, "fr")
    assert list(flags) == sorted(flags, key=list(Flag).index)


@given(st.text(max_size=50), st.text(max_size=50))
def test_more_words_never_hide_a_flag(before: str, after: str) -> None:
    assert Flag.E1 in red_flags_in(f"{before} can't breathe {after}", "en")
