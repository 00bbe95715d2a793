"""A check-in's answers in words, for the patient who gave them and for the practitioner who reads them."""

from collections.abc import Mapping

from messages import wording
from messages.check_in import Answers, Form, Item, Question
from messages.grading import arrow
from messages.markup import Html, join_html
from messages.templates import Texts


def answer_label(texts: Texts, language: str, question: Question, score: int) -> str:
    """An answer as its button said it. The usual pain is a number from 0 to 10."""
    if question is Question.USUAL_PAIN:
        return str(score)
    return texts.plain(f"answer.{question.value}.{score}", language)


def anything_else_label(texts: Texts, language: str, form: Form, choice: int) -> str:
    """The button for nothing else (0) or something else (1); a late check words it differently."""
    name = "late" if form.late else Question.ANYTHING_ELSE.value
    return texts.plain(f"answer.{name}.{choice}", language)


def items_in_words(texts: Texts, language: str, answers: Answers) -> str:
    """What was chosen from the list, in the order of the list."""
    chosen = [texts.plain(f"item.{item.value}", language) for item in Item if item in answers.items]
    return wording.join(chosen, language)


def lines_for_patient(texts: Texts, language: str, form: Form, answers: Answers) -> list[Html]:
    """One line for each answer given so far."""
    given = [
        (question, answer_label(texts, language, question, answers.scores[question]))
        for question in form.scored
        if question in answers.scores
    ]
    if answers.nothing_else:
        given.append((Question.ANYTHING_ELSE, anything_else_label(texts, language, form, 0)))
    elif answers.items:
        given.append((Question.ANYTHING_ELSE, items_in_words(texts, language, answers)))
    return [
        texts.html(
            "patient.check_in.answered",
            language,
            question=texts.html(f"question.{question.value}.name", language),
            answer=answer,
        )
        for question, answer in given
    ]


def lines_for_staff(
    texts: Texts, language: str, form: Form, answers: Answers, previous: Mapping[Question, int]
) -> Html:
    """One line for each answer, with an arrow against the `previous` scores, then what was chosen from the list."""
    lines = [
        texts.html(
            "relay.answer_line",
            language,
            question=texts.html(f"question.{question.value}.name", language),
            answer=answer_label(texts, language, question, answers.scores[question]),
            arrow=arrow(previous.get(question), answers.scores[question]),
        )
        for question in form.scored
        if question in answers.scores
    ]
    if answers.items:
        lines.append(texts.html("alert.items", language, items=items_in_words(texts, language, answers)))
    elif answers.nothing_else:
        lines.append(texts.html("relay.nothing_else", language))
    return join_html(lines)
