"""The SQL functions that walk the tree and commit an upload."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("files", "0001_initial"), ("accounts", "0001_initial")]
    operations = [
        migrations.RunSQL(
            (SQL / "tree.sql").read_text(),
            """
            DROP FUNCTION files_path_for(bigint, uuid, uuid);
            DROP FUNCTION files_may_place(bigint, uuid, uuid);
            DROP FUNCTION files_may_edit(bigint, uuid, uuid);
            DROP FUNCTION files_may_see(bigint, uuid, uuid);
            DROP FUNCTION files_role(bigint, uuid, uuid);
            DROP FUNCTION files_sight(bigint, uuid, uuid);
            DROP FUNCTION files_walk(bigint, text[], uuid);
            DROP FUNCTION files_root(bigint);
            DROP FUNCTION files_child(uuid, text);
            DROP FUNCTION files_path(uuid);
            DROP FUNCTION files_is_within(uuid, uuid);
            DROP FUNCTION files_is_kept(uuid);
            DROP FUNCTION files_is_alive(uuid);
            DROP FUNCTION files_by_other_index(uuid);
            DROP FUNCTION files_hold_shape(bigint);
            DROP FUNCTION files_share_shape(bigint);
            """,
        ),
        migrations.RunSQL(
            (SQL / "changes.sql").read_text(),
            "DROP TRIGGER entry_changed ON files_entry; DROP FUNCTION files_note_change()",
        ),
        migrations.RunSQL(
            (SQL / "commit.sql").read_text(),
            "DROP FUNCTION files_commit_or_fail(bigint, bigint, uuid, uuid, text, text, text, text, text, uuid[], uuid, uuid,"
            " uuid, bigint, text, timestamptz, uuid[], uuid);"
            "DROP FUNCTION files_commit(bigint, uuid, uuid, text, text, text, text, text, uuid[], uuid, uuid, uuid, bigint,"
            " text, timestamptz, uuid[], uuid);"
            "DROP FUNCTION files_charge(bigint, bigint, uuid[])",
        ),
    ]
