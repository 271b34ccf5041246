"""The record as it is now, where the database has an earlier one."""

from pathlib import Path

from django.db import migrations

CREATE = (Path(__file__).resolve().parent.parent / "sql/record.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [("nodes", "0003_recount")]
    operations = [migrations.RunSQL(CREATE, migrations.RunSQL.noop)]
