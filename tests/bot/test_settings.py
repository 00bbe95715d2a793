"""Settings: everything that is wrong is named at once, and no secret is ever shown."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.settings import EXPECTED, Settings, SettingsError, load

TOKEN = "1234567890:AAEhBP0av18vF7-Zl4sQkRjXyTqWcVbNm01"
GOOD = {
    "BOT_TOKEN": TOKEN,
    "CLINIC_NAME": "Lindenhof Clinic",
    "CLINIC_TIMEZONE": "Europe/Paris",
    "CLINIC_PHONE": "+33 1 23 45 67 89",
    "EMERGENCY_NUMBER": "112",
}


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in EXPECTED:
        monkeypatch.delenv(name.upper(), raising=False)


def written(folder: Path, values: dict[str, str]) -> Path:
    file = folder / "settings"
    file.write_text("".join(f"{name}={value}\n" for name, value in values.items()), encoding="utf-8")
    return file


def lines_of(folder: Path, **changes: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load(written(folder, {**GOOD, **changes}))
    return caught.value.lines


def test_good_settings_make_a_clinic(tmp_path: Path) -> None:
    settings = load(written(tmp_path, {**GOOD, "DATA_DIR": str(tmp_path)}))
    clinic = settings.clinic()
    assert (clinic.name, clinic.zone.key, clinic.language) == ("Lindenhof Clinic", "Europe/Paris", "en")
    assert settings.token == TOKEN
    assert settings.database == f"sqlite:///{tmp_path}/aftercare.db"
    assert settings.telegram_api_url == "https://api.telegram.org"


def test_everything_missing_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path / "there is no such file")
    named = [line.split()[0] for line in caught.value.lines]
    assert named == ["BOT_TOKEN", "CLINIC_NAME", "CLINIC_TIMEZONE", "CLINIC_PHONE", "EMERGENCY_NUMBER"]
    assert all("is missing. It should be" in line for line in caught.value.lines)


def test_the_example_file_is_refused_placeholder_by_placeholder(tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / ".env.example"
    with pytest.raises(SettingsError) as caught:
        load(example)
    assert len(caught.value.lines) == 5
    assert all("still holds a placeholder" in line for line in caught.value.lines)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BOT_TOKEN", "12345"),
        ("BOT_TOKEN", "123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11"),
        ("BOT_TOKEN", "your-token-here"),
        ("CLINIC_NAME", "x" * 101),
        ("CLINIC_TIMEZONE", "Mars/Base"),
        ("CLINIC_TIMEZONE", "../etc/passwd"),
        ("CLINIC_PHONE", "ask at the desk"),
        ("EMERGENCY_NUMBER", "call us"),
        ("DEFAULT_LANGUAGE", "xx"),
        ("DATABASE_URL", "mysql://user:secret@host/name"),
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "postgresql://user:secret@host/name?sslmode=require&channel_binding=require"),
        ("DATABASE_URL", "postgresql://user:secret@host/name?require_auth=scram-sha-256"),
        ("TELEGRAM_API_URL", "ftp://host"),
        ("WEBHOOK_URL", "http://aftercare.example.org"),
        ("WEBHOOK_SECRET", "short"),
        ("PORT", "70000"),
        ("PORT", "http"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
        ("PAID_BROADCAST", "perhaps"),
    ],
)
def test_a_malformed_value_is_named_with_what_it_should_look_like(tmp_path: Path, name: str, value: str) -> None:
    (line,) = lines_of(tmp_path, **{name: value})
    assert line.startswith(name)
    assert line.endswith(f"It should be {EXPECTED[name.lower()]}.")
    assert value not in line.removesuffix(f"It should be {EXPECTED[name.lower()]}.")


def test_many_errors_are_one_line_each(tmp_path: Path) -> None:
    lines = lines_of(tmp_path, BOT_TOKEN="1", PORT="0", LOG_LEVEL="x", CLINIC_TIMEZONE="x", DATABASE_URL="x")
    assert len(lines) == 5


def test_the_token_may_stand_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text(f"{TOKEN}\n", encoding="utf-8")
    values = {name: value for name, value in GOOD.items() if name != "BOT_TOKEN"}
    assert load(written(tmp_path, {**values, "BOT_TOKEN_FILE": str(secret)})).token == TOKEN
    with pytest.raises(SettingsError) as caught:
        load(written(tmp_path, {**values, "BOT_TOKEN_FILE": str(tmp_path / "missing")}))
    assert caught.value.lines[0].startswith("BOT_TOKEN cannot be read")


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLINIC_NAME", "From the environment")
    monkeypatch.setenv("EMERGENCY_NUMBER", "")
    settings = load(written(tmp_path, GOOD))
    assert settings.clinic_name == "From the environment"
    assert settings.emergency_number == "112", "an empty variable counts as none"


@pytest.mark.parametrize("address", ["postgres://u:p@h/n", "postgresql://u:p@h/n", "sqlite:///x.db"])
def test_addresses_as_people_write_them(tmp_path: Path, address: str) -> None:
    assert load(written(tmp_path, {**GOOD, "DATABASE_URL": address})).database == address


def test_secrets_are_never_shown(tmp_path: Path) -> None:
    settings = load(
        written(
            tmp_path,
            {**GOOD, "DATABASE_URL": "postgresql://u:hunter22@h/n", "WEBHOOK_SECRET": "s3cret-" + "a" * 20},
        )
    )
    shown = f"{settings!r} {settings}"
    assert TOKEN not in shown
    assert "hunter22" not in shown
    assert "s3cret" not in shown
    assert set(settings.secrets()) == {TOKEN, "hunter22", "s3cret-" + "a" * 20}


def test_settings_are_frozen(tmp_path: Path) -> None:
    settings = load(written(tmp_path, GOOD))
    with pytest.raises(ValidationError):
        settings.port = 1


def test_a_webhook_needs_its_address_and_its_secret(tmp_path: Path) -> None:
    settings: Settings = load(written(tmp_path, GOOD))
    with pytest.raises(SettingsError) as caught:
        settings.check_webhook()
    assert [line.split()[0] for line in caught.value.lines] == ["WEBHOOK_URL", "WEBHOOK_SECRET"]
