-- Notes the transaction of an entry's last change, which orders the feed of changes. A new row has it by its
-- column's default: what is stored for the first time fires no trigger.
CREATE FUNCTION files_note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_in := pg_current_xact_id();
    RETURN NEW;
END $$;
CREATE TRIGGER entry_changed BEFORE UPDATE ON files_entry FOR EACH ROW EXECUTE FUNCTION files_note_change();
