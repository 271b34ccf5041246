"""The rule of access asks in which folder somebody is confined: its functions have one argument more."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("files", "0005_one_index"), ("accounts", "0005_bound_tokens")]
    operations = [
        # The files made them so already where the database is new.
        migrations.RunSQL(
            """
            DROP FUNCTION IF EXISTS files_commit_or_fail(bigint, bigint, uuid, uuid, text, text, text, text, text,
                uuid[], uuid, uuid, uuid, bigint, text, timestamptz, uuid[]);
            DROP FUNCTION IF EXISTS files_commit(bigint, uuid, uuid, text, text, text, text, text, uuid[], uuid, uuid,
                uuid, bigint, text, timestamptz, uuid[]);
            DROP FUNCTION IF EXISTS files_path_for(bigint, uuid);
            DROP FUNCTION IF EXISTS files_may_place(bigint, uuid);
            DROP FUNCTION IF EXISTS files_may_edit(bigint, uuid);
            DROP FUNCTION IF EXISTS files_may_see(bigint, uuid);
            DROP FUNCTION IF EXISTS files_role(bigint, uuid);
            DROP FUNCTION IF EXISTS files_sight(bigint, uuid);
            DROP FUNCTION IF EXISTS files_walk(bigint, text[]);
            """
            + (SQL / "tree.sql").read_text()
            + (SQL / "commit.sql").read_text(),
            migrations.RunSQL.noop,
        ),
    ]
