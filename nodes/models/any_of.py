"""A lookup for many values: `filter(id__any_of=ids)` sends them as one array."""

from collections.abc import Iterable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, ForeignKey, Lookup
from django.db.models.sql.compiler import SQLCompiler


@ForeignKey.register_lookup  # which knows nothing of what a field knows
@Field.register_lookup
class AnyOf(Lookup):
    """Like `in`, which sends each value as a parameter, of which PostgreSQL takes no more than 65,535."""

    lookup_name = "any_of"
    prepare_rhs = False

    def __init__(self, lhs: Any, rhs: Iterable[Any]) -> None:
        super().__init__(lhs, list(rhs))

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        column, parameters = self.process_lhs(compiler, connection)
        db_type = self.lhs.output_field.db_type(connection)
        return f"{column} = ANY(%s::{db_type}[])", (*parameters, self.rhs)
