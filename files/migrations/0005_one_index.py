"""Hot statements fit one index only: the functions as they are now, where the database has earlier ones."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("files", "0004_reservation")]
    operations = [
        migrations.RunSQL((SQL / "tree.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunSQL((SQL / "commit.sql").read_text(), migrations.RunSQL.noop),
        migrations.RemoveIndex("entry", "entry_recent"),
        migrations.AddIndex("entry", models.Index(fields=["owner", "modified_at", "id"], name="entry_recent")),
    ]
