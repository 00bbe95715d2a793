"""Updates handled per second: each is stored, handled and answered, against a stock bot that stores nothing."""

from collections.abc import Callable

from tests.bench.bench import Bench
from tests.bench.databases import Engine
from tests.bench.figures import Bar, Figure, ratios
from tests.bench.peers.running import peer
from tests.bench.sandbox import expect_once_each

ROW = "updates handled per second"
AGAINST_STOCK = "updates handled per second, against stock python-telegram-bot that stores nothing"
BAR = Bar(0.4, at_least=True)
STOCK = "stock python-telegram-bot"
CHATS = 500
LONGEST = 180.0


def measure(bench: Bench) -> list[Figure]:
    """Every way in turn, again and again."""
    ways: dict[str, Callable[[], float]] = {
        STOCK: lambda: _stock(bench),
        Engine.SQLITE: lambda: _bot(bench, Engine.SQLITE),
        Engine.POSTGRESQL: lambda: _bot(bench, Engine.POSTGRESQL),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(bench.sizes.repetitions):
        for name, way in ways.items():
            rates[name].append(way())
    figures = [Figure(ROW, name, found, "/s") for name, found in rates.items()]
    return figures + [Figure(AGAINST_STOCK, name, ratios(rates[name], rates[STOCK]), "×", BAR) for name in Engine]


def _waiting_updates(bench: Bench) -> list[int]:
    """People have written while the bot was down. Returns who, once for each message."""
    bench.sandbox.clear()
    writers = bench.people.patients[:CHATS]
    chats = [writers[each % len(writers)] for each in range(bench.sizes.updates)]
    bench.sandbox.say(chats, "/help")
    return chats


def _bot(bench: Bench, engine: Engine) -> float:
    with bench.database(engine) as url:
        chats = _waiting_updates(bench)
        with bench.bot(url, limits=False):
            return _rate(bench, chats, engine)


def _stock(bench: Bench) -> float:
    chats = _waiting_updates(bench)
    with peer(bench, "stock", work="updates") as process:
        process.tell("go")
        rate = _rate(bench, chats, STOCK)
        process.line("done", LONGEST)
    return rate


def _rate(bench: Bench, chats: list[int], what: str) -> float:
    """Answers a second between the first and the last. Raises WrongResult."""
    bench.sandbox.wait(len(chats), LONGEST)
    sent = bench.sandbox.sent()
    expect_once_each(sent, chats, what)
    times = [each.at for each in sent]
    return (len(times) - 1) / (max(times) - min(times))
