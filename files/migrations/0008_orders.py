"""Two orders have an index: a whole tree by name, a folder by time."""

from django.db import migrations, models
from django.db.models.functions import Coalesce
from django.db.models.lookups import IsNull


class Migration(migrations.Migration):
    dependencies = [("files", "0007_root")]
    operations = [
        migrations.AddIndex(
            "entry",
            models.Index(
                fields=["owner", "sort_key", "id"],
                name="entry_named",
                condition=models.Q(IsNull(Coalesce("purged_at", "trashed_at"), True)),
            ),
        ),
        migrations.AddIndex(
            "entry",
            models.Index(
                fields=["parent", "kind", "modified_at", "id"],
                name="entry_dated",
                condition=models.Q(IsNull(Coalesce("trashed_at", "purged_at"), True)),
            ),
        ),
    ]
