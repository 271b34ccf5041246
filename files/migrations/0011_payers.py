"""The commit gives the room of a file's parts back to each of those who kept it."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("files", "0010_differ")]
    operations = [migrations.RunSQL((SQL / "commit.sql").read_text(), migrations.RunSQL.noop)]
