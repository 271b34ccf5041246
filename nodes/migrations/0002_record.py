"""The record of a window as one function in the database: one round trip, one order of locks."""

from pathlib import Path

from django.db import migrations

CREATE = (Path(__file__).resolve().parent.parent / "sql/record.sql").read_text()
DROP = "DROP FUNCTION nodes_record; DROP FUNCTION nodes_hold_duty; DROP FUNCTION nodes_share_duty"


class Migration(migrations.Migration):
    dependencies = [("nodes", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, DROP)]
