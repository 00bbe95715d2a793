"""One message made of several texts, kept inside Telegram's limit whatever an admin has published.

Every text alone fits; together they may not. Then the least needed parts are left out whole: half a sentence about
an emergency is worse than none about how many minutes a check-in takes.
"""

from dataclasses import dataclass

from messages.markup import Html, join_html, plain_text, utf16_length

LONGEST_MESSAGE = 4096
"""UTF-16 units that Telegram takes, counted without the markup."""


@dataclass(frozen=True)
class Part:
    """A piece of a message. The parts with the highest `spare` are left out first; those with 0 never."""

    html: Html
    spare: int = 0


def page(*parts: Part) -> Html:
    """The parts, an empty line between them, without those that do not fit.

    Where even the needed ones are too long together, the last of them stand and the first give way.
    """
    kept = [part for part in parts if part.html]
    while len(kept) > 1 and not _fits(kept):
        most_spare = max(part.spare for part in kept)
        if most_spare == 0:
            kept.pop(0)
        else:
            kept.remove(next(part for part in reversed(kept) if part.spare == most_spare))
    return _joined(kept)


def _joined(parts: list[Part]) -> Html:
    return join_html([part.html for part in parts], "\n\n")


def _fits(parts: list[Part]) -> bool:
    return utf16_length(plain_text(_joined(parts))) <= LONGEST_MESSAGE
