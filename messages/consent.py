"""Which wording of the consent a patient saw: what they agreed to must be known word by word."""

from hashlib import sha256

from messages.templates import default_text

CONSENT_TEXT = "patient.welcome"


def consent_version(version_id: int | None, language: str) -> str:
    """The name of a wording: the published version, or the default one by the first digits of its SHA-256.

    The default changes with an upgrade of the program, so its content has to be named too.
    """
    if version_id is not None:
        return f"version-{version_id}"
    return f"default-{sha256(default_text(CONSENT_TEXT, language).encode()).hexdigest()[:12]}"
