"""The texts as they are published this very moment."""

from messages.templates import Texts
from storage import templates
from storage.database import Database, UnitOfWork


class PublishedTexts:
    """Keeps the last snapshot and asks the database only whether something newer was published."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._version = -1
        self._texts = Texts({})

    async def current(self, work: UnitOfWork, version: int | None = None) -> Texts:
        """The snapshot that is live inside this unit of work, whose newest `version` may be known already."""
        if version is None:
            version = await templates.newest_published_id(work)
        if version != self._version:
            self._texts, self._version = Texts(await templates.live(work)), version
        return self._texts
