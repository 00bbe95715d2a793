"""The settings: from the environment, or from a file of the same names. Read once, then frozen.

Everything that is wrong is named at once, each with what it should look like. Secrets are never shown.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from messages.clinic import Clinic
from messages.templates import languages
from storage.database import NotToBeHad, normal_url

TELEGRAM = "https://api.telegram.org"

EXPECTED: dict[str, str] = {
    "bot_token": "the token from @BotFather, such as 1234567890:AAE… (or give BOT_TOKEN_FILE)",
    "bot_token_file": "a file that holds nothing but the token",
    "database_url": "sqlite:///path/to/file.db or postgresql://user:password@host/name",
    "telegram_api_url": f"an address such as {TELEGRAM}",
    "clinic_name": "the clinic's name as patients know it, at most 100 characters",
    "clinic_timezone": "a time zone such as Europe/Paris",
    "clinic_phone": "a telephone number that is answered, such as +33 1 42 68 53 00",
    "emergency_number": "the emergency number of the country, such as 112",
    "default_language": f"one of {', '.join(language.code for language in languages())}",
    "webhook_url": "a public https address, such as https://aftercare.my-clinic.fr",
    "webhook_secret": "16 to 256 letters, digits, _ or -, made up by chance",
    "port": "a number from 1 to 65535",
    "data_dir": "a folder that this program may write to",
    "paid_broadcast": "true or false",
    "log_level": "DEBUG, INFO, WARNING or ERROR",
    "log_format": "console or json",
}
"""What each setting should look like, for the person who got it wrong."""

_PLACEHOLDER = re.compile(r"<.*>|.*(change[-_ ]?me|place[-_ ]?holder|\byour[-_ ]).*|x{3,}|\.{3}|…|todo", re.I | re.S)
_TOKEN_OF_THE_MANUAL = "123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11"  # noqa: S105  Telegram's own example
_TOKEN = re.compile(r"[0-9]{6,16}:[A-Za-z0-9_-]{30,64}", re.ASCII)
_PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{1,38}", re.ASCII)
_SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}", re.ASCII)


class SettingsError(Exception):
    """Settings that cannot be used: one line a setting, ready to be printed."""

    def __init__(self, lines: tuple[str, ...]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class _Wrong(ValueError):
    """What is wrong with one value, in words; the value itself is not part of them."""


def _not_a_placeholder(value: Any) -> Any:
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    if isinstance(text, str):
        text = text.strip()
        if _PLACEHOLDER.fullmatch(text) or text == _TOKEN_OF_THE_MANUAL:
            raise _Wrong("still holds a placeholder")
        return text
    return value


Given = BeforeValidator(_not_a_placeholder)
"""A value that somebody has filled in."""


class Settings(BaseSettings):
    """Everything that can be set, by the names of the fields in capitals. Frozen."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True, case_sensitive=False
    )

    bot_token_file: Annotated[Path | None, Given] = None
    bot_token: Annotated[SecretStr, Given] = Field(default=SecretStr(""), validate_default=True)
    data_dir: Annotated[Path, Given] = Path("data")
    database_url: Annotated[SecretStr, Given] = Field(default=SecretStr(""), validate_default=True)
    telegram_api_url: Annotated[str, Given] = TELEGRAM
    clinic_name: Annotated[str, Given]
    clinic_timezone: Annotated[str, Given]
    clinic_phone: Annotated[str, Given]
    emergency_number: Annotated[str, Given]
    default_language: Annotated[str, Given] = "en"
    webhook_url: Annotated[str, Given] = ""
    webhook_secret: Annotated[SecretStr, Given] = SecretStr("")
    port: Annotated[int, Given, Field(ge=1, le=65535)] = 8080
    paid_broadcast: Annotated[bool, Given] = False
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], Given] = "INFO"
    log_format: Annotated[Literal["console", "json"], Given] = "console"

    @field_validator("bot_token", mode="before")
    @classmethod
    def _token_from_its_file(cls, value: Any, info: ValidationInfo) -> Any:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        file = info.data.get("bot_token_file")
        if text or file is None:
            return value
        try:
            return file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise _Wrong("cannot be read from BOT_TOKEN_FILE") from error

    @field_validator("bot_token")
    @classmethod
    def _token(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value():
            raise _Wrong("is missing")
        return _matching(_TOKEN, value)

    @field_validator("webhook_secret")
    @classmethod
    def _secret(cls, value: SecretStr) -> SecretStr:
        return _matching(_SECRET, value) if value.get_secret_value() else value

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        if not value.get_secret_value():
            folder = info.data.get("data_dir", Path("data"))
            return SecretStr(f"sqlite:///{(folder / 'aftercare.db').resolve()}")
        try:
            normal_url(value.get_secret_value())
        except NotToBeHad as error:
            raise _Wrong(str(error)) from error
        except ValueError as error:
            raise _Wrong("is not an address of a database") from error
        return value

    @field_validator("telegram_api_url")
    @classmethod
    def _api(cls, value: str) -> str:
        if not _is_address(value, ("https", "http")):
            raise _Wrong("is not a web address")
        return value.rstrip("/")

    @field_validator("webhook_url")
    @classmethod
    def _webhook(cls, value: str) -> str:
        # Plain http is Telegram's no-go; our own sandbox takes it on this machine.
        here = _is_address(value, ("http",)) and urlsplit(value).hostname in {"127.0.0.1", "localhost", "::1"}
        if value and not here and not _is_address(value, ("https",)):
            raise _Wrong("is not an https address")
        return value.rstrip("/")

    @field_validator("clinic_name")
    @classmethod
    def _name(cls, value: str) -> str:
        if not value or len(value) > 100:
            raise _Wrong("is empty or too long")
        return value

    @field_validator("clinic_timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise _Wrong("is not a time zone") from error
        return value

    @field_validator("clinic_phone", "emergency_number")
    @classmethod
    def _number(cls, value: str, info: ValidationInfo) -> str:
        longest = 20 if info.field_name == "emergency_number" else 40
        if not _PHONE.fullmatch(value) or len(value) > longest:
            raise _Wrong("is not a telephone number")
        return value

    @field_validator("default_language")
    @classmethod
    def _language(cls, value: str) -> str:
        if value not in {language.code for language in languages()}:
            raise _Wrong("is not a language of this bot")
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _level(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value

    @property
    def token(self) -> str:
        """The bot's token. Never log it, never print it."""
        return self.bot_token.get_secret_value()

    @property
    def database(self) -> str:
        """The database's address, with its password."""
        return self.database_url.get_secret_value()

    def secrets(self) -> tuple[str, ...]:
        """What must never appear in any output."""
        password = normal_url(self.database).password
        found = (self.token, self.webhook_secret.get_secret_value(), str(password or ""))
        return tuple(secret for secret in found if secret)

    def clinic(self) -> Clinic:
        """The clinic as texts and rules see it; the bot's name is known only once Telegram was asked."""
        return Clinic(
            name=self.clinic_name,
            zone=ZoneInfo(self.clinic_timezone),
            phone=self.clinic_phone,
            emergency_number=self.emergency_number,
            language=self.default_language,
        )

    def check_webhook(self) -> None:
        """Raises SettingsError unless everything that a webhook needs is set."""
        missing = [
            _line(name, "is missing, and --webhook needs it")
            for name, value in (
                ("webhook_url", self.webhook_url),
                ("webhook_secret", self.webhook_secret.get_secret_value()),
            )
            if not value
        ]
        if missing:
            raise SettingsError(tuple(missing))


def load(file: Path | None) -> Settings:
    """The settings from the environment, then from `file` where it exists.

    Raises SettingsError, which names every setting that is wrong.
    """
    # pydantic-settings takes required values from the environment, which the type checker cannot know.
    make: Callable[..., Settings] = Settings
    try:
        return make(_env_file=file, _env_file_encoding="utf-8")
    except ValidationError as error:
        lines = dict.fromkeys(_line(str(each["loc"][0]), _what_is_wrong(each)) for each in error.errors())
        raise SettingsError(tuple(lines)) from None
    except UnicodeDecodeError:
        raise SettingsError((f"{file} is not a text file in UTF-8.",)) from None


def _what_is_wrong(error: Any) -> str:
    if error["type"] == "missing":
        return "is missing"
    cause = error.get("ctx", {}).get("error")
    return str(cause) if isinstance(cause, _Wrong) else "cannot be used"


def _line(name: str, what: str) -> str:
    return f"{name.upper()} {what}. It should be {EXPECTED[name]}."


def _matching(pattern: re.Pattern[str], value: SecretStr) -> SecretStr:
    if not pattern.fullmatch(value.get_secret_value()):
        raise _Wrong("does not look right")
    return value


def _is_address(value: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return False
    return parts.scheme in schemes and bool(parts.hostname) and port != 0
