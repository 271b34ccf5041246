"""Column types of PostgreSQL that Django does not bring along: words to be searched, and transactions."""

from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    TextField = models.TextField[str, str]
else:
    TextField = models.TextField


class WordsField(TextField):
    """A tsvector, written as words with blanks between them."""

    def db_type(self, connection: object) -> str:
        return "tsvector"

    def get_placeholder(self, value: object, compiler: object, connection: object) -> str:
        return "%s::tsvector"


class TransactionField(TextField):
    """An xid8: the number of a transaction, which never comes back."""

    def db_type(self, connection: object) -> str:
        return "xid8"


class CurrentTransaction(models.Func):
    """The transaction that runs this statement."""

    function = "pg_current_xact_id"
    output_field = TransactionField()
