"""The commit knows one condition more: that the file is not one of some versions."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("files", "0009_more_orders")]
    operations = [migrations.RunSQL((SQL / "commit.sql").read_text(), migrations.RunSQL.noop)]
