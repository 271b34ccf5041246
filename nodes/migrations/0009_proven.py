"""A record counts no copy that its node has not proven since it came back."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("nodes", "0008_work_samples")]
    operations = [migrations.RunSQL((SQL / "record.sql").read_text(), migrations.RunSQL.noop)]
