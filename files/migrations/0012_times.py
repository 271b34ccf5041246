"""Which pages of the entries' table may hold those of some time."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import migrations
from django.db.models.functions import Coalesce


class Migration(migrations.Migration):
    dependencies = [("files", "0011_payers")]
    operations = [
        migrations.AddIndex(
            "entry",
            BrinIndex(
                Coalesce("modified_at", "created_at"),
                Coalesce("created_at", "modified_at"),
                name="entry_times",
                autosummarize=True,
                pages_per_range=16,
            ),
        ),
    ]
