"""Two more orders have an index: a whole tree by the time of creation, all files by size."""

from django.db import migrations, models
from django.db.models.functions import Greatest
from django.db.models.lookups import IsNull


class Migration(migrations.Migration):
    dependencies = [("files", "0008_orders")]
    operations = [
        migrations.AddIndex(
            "entry",
            models.Index(
                fields=["owner", "created_at", "id"],
                name="entry_made",
                condition=models.Q(IsNull(Greatest("purged_at", "trashed_at"), True)),
            ),
        ),
        migrations.AddIndex(
            "version",
            models.Index(
                fields=["size", "entry"], name="version_sized", condition=models.Q(replaced_at__isnull=True)
            ),
        ),
    ]
