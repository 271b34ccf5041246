"""The walks as they are now, where the database has earlier ones."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("files", "0006_confined")]
    operations = [migrations.RunSQL((SQL / "tree.sql").read_text(), migrations.RunSQL.noop)]
