"""Errors that a person can cause, and nothing else.

```
PersonError             the sentence of `key` is shown to the person who caused it
├── NotFound            the record does not exist, or is not theirs to see: they cannot tell which
├── NotAllowed          the command belongs to another role
└── OutOfDate           a button or a dialog that has been overtaken
```

Every other exception is a bug or a broken machine: it is logged with ids and retried, never shown.
"""

from collections.abc import Mapping

Value = str | int
"""What a placeholder takes: text (escaped when it is rendered) or a number (which picks the plural)."""


class PersonError(Exception):
    """Something a person typed or tapped that cannot be done.

    `key` names the text that tells them so in their language; `values` fill its placeholders.
    """

    def __init__(self, key: str, values: Mapping[str, Value] | None = None) -> None:
        super().__init__(key)
        self.key = key
        self.values: Mapping[str, Value] = values or {}


class NotFound(PersonError):
    """The record does not exist or belongs to somebody else. Both read the same, on purpose."""

    def __init__(self) -> None:
        super().__init__("error.not_found")


class NotAllowed(PersonError):
    """A command or button of another role."""

    def __init__(self) -> None:
        super().__init__("error.not_allowed")


class OutOfDate(PersonError):
    """A button whose time has passed: the check-in is closed, the dialog has moved on."""

    def __init__(self, key: str = "error.out_of_date", values: Mapping[str, Value] | None = None) -> None:
        super().__init__(key, values)
