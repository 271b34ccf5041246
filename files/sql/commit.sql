-- Charges an owner for bytes that fit, and takes the room that was kept for the segments they lie in; false when
-- they do not fit: the caller rolls back. Parts of a file may have their room in the trees of several others, whose
-- rows are locked in one order with the owner's. The rows of the room come before those of usage, as they do for
-- whoever gives it back.
CREATE OR REPLACE FUNCTION files_charge(p_owner bigint, p_size bigint, p_kept_for uuid[]) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_kept bigint := 0;
    v_others bigint[];
    v_kept_with_others bigint[];
BEGIN
    IF cardinality(p_kept_for) > 0 THEN
        WITH held AS MATERIALIZED (
            SELECT segment_id FROM files_reservation WHERE segment_id = ANY (p_kept_for)
             ORDER BY segment_id FOR UPDATE
        ), gone AS (
            DELETE FROM files_reservation r USING held WHERE r.segment_id = held.segment_id
            RETURNING r.payer_id, r.size_bytes
        ), kept AS (
            SELECT payer_id, sum(size_bytes)::bigint AS size_bytes FROM gone GROUP BY payer_id
        )
        SELECT coalesce(sum(size_bytes) FILTER (WHERE payer_id = p_owner), 0),
               array_agg(payer_id ORDER BY payer_id) FILTER (WHERE payer_id <> p_owner),
               array_agg(size_bytes ORDER BY payer_id) FILTER (WHERE payer_id <> p_owner)
          INTO v_kept, v_others, v_kept_with_others FROM kept;
        IF v_others IS NOT NULL THEN
            PERFORM 1 FROM accounts_usage WHERE user_id = ANY (p_owner || v_others)
             ORDER BY user_id FOR NO KEY UPDATE;
            UPDATE accounts_usage u SET reserved_bytes = u.reserved_bytes - o.size_bytes
              FROM unnest(v_others, v_kept_with_others) AS o (payer_id, size_bytes) WHERE u.user_id = o.payer_id;
        END IF;
    END IF;
    UPDATE accounts_usage SET used_bytes = used_bytes + p_size, reserved_bytes = reserved_bytes - v_kept
     WHERE user_id = p_owner
       AND (quota_bytes IS NULL OR used_bytes + p_size + reserved_bytes - v_kept <= quota_bytes);
    RETURN FOUND;
END $$;

-- Makes a content the current version of a file: the tree's part of an upload's commit, in the transaction
-- that seals the content. One call, because the small files of a large folder wait for round trips.
--
-- Locks: the tree's shape, shared, so that no folder is moved or purged meanwhile; then the file. Every check
-- is a later statement than the lock it relies on. The quota comes last: its row is what one person's
-- uploads have in common. `outcome` is created, replaced or the code of a refusal; the caller rolls back then.
--
-- Who is not the owner may write as long as a share says so, and the owner is charged. Who is confined to a folder
-- (p_within) may write as long as it is in there.
--
-- The rest of the row is what the caller needs to tell about the entry without another question.
--
-- p_entry: the file to replace, by id; else p_parent and p_name say where.
-- p_conflict: what a taken name means, replace or fail.
-- p_kept_for: the segments of the content for which room was kept.
-- p_condition: any, absent (If-None-Match: *), present (If-Match: *), match (If-Match: p_versions) or differ
-- (If-None-Match: p_versions).
CREATE OR REPLACE FUNCTION files_commit(
    p_user bigint, p_parent uuid, p_entry uuid, p_name text, p_sort_key text, p_words text,
    p_conflict text, p_condition text, p_versions uuid[],
    p_new_entry uuid, p_version uuid, p_content uuid, p_size bigint, p_type text, p_modified_at timestamptz,
    p_kept_for uuid[], p_within uuid,
    OUT outcome text, OUT entry uuid, OUT folder uuid, OUT owner_id bigint, OUT owner text, OUT revision int,
    OUT starred boolean, OUT created_at timestamptz, OUT committed_at timestamptz, OUT path text
) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_kind text;
    v_current uuid;
    v_number int := 1;
    v_role text := 'owner';
    v_is_there boolean;
BEGIN
    folder := p_parent;
    IF p_entry IS NOT NULL THEN
        SELECT parent_id INTO folder FROM files_entry WHERE id = p_entry;
    END IF;
    SELECT p.owner_id, p.kind INTO owner_id, v_kind FROM files_entry p WHERE p.id = folder;
    IF NOT FOUND OR v_kind <> 'folder' THEN
        outcome := 'parent_gone';
        RETURN;
    END IF;
    PERFORM files_share_shape(files_commit.owner_id);
    IF files_commit.owner_id <> p_user OR p_within IS NOT NULL THEN
        v_role := coalesce(files_role(p_user, coalesce(p_entry, folder), p_within), '');
        IF v_role = '' THEN  -- what is in the trash, and what is not shared any more, is gone alike
            outcome := 'parent_gone';
            RETURN;
        ELSIF v_role = 'viewer' THEN
            outcome := 'read_only';
            RETURN;
        END IF;
    END IF;

    LOOP
        IF p_entry IS NOT NULL THEN
            SELECT e.id, e.kind, e.version_id INTO entry, v_kind, v_current FROM files_entry e
             WHERE e.id = p_entry FOR NO KEY UPDATE;
            IF NOT FOUND OR NOT files_is_alive(p_entry) THEN
                outcome := 'parent_gone';
                RETURN;
            END IF;
        ELSE
            IF NOT files_is_alive(folder) THEN
                outcome := 'parent_gone';
                RETURN;
            END IF;
            SELECT e.id, e.kind, e.version_id,
                   e.parent_id = folder AND e.name = p_name AND e.trashed_at IS NULL AND e.purged_at IS NULL
              INTO entry, v_kind, v_current, v_is_there FROM files_entry e
             WHERE e.id = files_child(folder, p_name) FOR NO KEY UPDATE;
            CONTINUE WHEN NOT v_is_there;  -- it was moved or trashed while its lock was waited for: look again
        END IF;

        IF entry IS NOT NULL THEN
            IF v_kind <> 'file' THEN
                outcome := 'not_a_file';
                RETURN;
            ELSIF v_role = 'editor' AND NOT files_may_edit(p_user, entry, p_within) THEN
                outcome := 'read_only';
                RETURN;
            ELSIF p_condition = 'absent'
                OR (p_condition = 'match' AND NOT v_current = ANY (p_versions))
                OR (p_condition = 'differ' AND v_current = ANY (p_versions)) THEN
                outcome := 'precondition_failed';
                RETURN;
            ELSIF p_entry IS NULL AND p_conflict <> 'replace' THEN
                outcome := 'name_taken';
                RETURN;
            END IF;
            SELECT max(number) + 1 INTO v_number FROM files_version WHERE entry_id = entry;
            UPDATE files_entry e
               SET version_id = p_version, revision = e.revision + 1, modified_at = p_modified_at
             WHERE e.id = entry RETURNING e.revision, e.starred, e.created_at, e.name
              INTO revision, starred, created_at, path;
            UPDATE files_version SET replaced_at = now() WHERE id = v_current;
            outcome := 'replaced';
            EXIT;
        END IF;

        IF p_condition IN ('present', 'match') THEN
            outcome := 'precondition_failed';
            RETURN;
        END IF;
        INSERT INTO files_entry (id, owner_id, created_by_id, parent_id, name, sort_key, words, kind, version_id,
                                 revision, created_at, modified_at, starred)
        VALUES (p_new_entry, files_commit.owner_id, p_user, folder, p_name, p_sort_key,
                ('@' || files_commit.owner_id || ' ' || p_words)::tsvector, 'file', p_version,
                1, now(), p_modified_at, false)
        ON CONFLICT (parent_id, name) WHERE trashed_at IS NULL AND purged_at IS NULL DO NOTHING;
        IF FOUND THEN
            entry := p_new_entry;
            revision := 1;
            starred := false;
            created_at := now();
            path := p_name;
            outcome := 'created';
            EXIT;
        END IF;
        -- Somebody else's file of this name was committed between the two statements: look again.
    END LOOP;

    INSERT INTO files_version (id, entry_id, number, content_id, size, content_type, created_by_id,
                               created_at, modified_at)
    VALUES (p_version, entry, v_number, p_content, p_size, p_type, p_user, now(), p_modified_at);

    committed_at := now();
    IF v_role = 'owner' AND p_within IS NULL THEN
        path := rtrim(files_path(folder), '/') || '/' || path;
    ELSE
        path := files_path_for(p_user, entry, p_within);
    END IF;
    SELECT username INTO owner FROM accounts_user WHERE id = files_commit.owner_id;

    IF NOT files_charge(files_commit.owner_id, p_size, p_kept_for) THEN
        outcome := 'quota_exceeded';
    END IF;
END $$;

-- The same for a content that the same statement seals: the seal's result is the first argument, so that it
-- comes first, and a refusal is an error, so that nothing of it stays.
CREATE OR REPLACE FUNCTION files_commit_or_fail(
    p_sealed bigint,
    p_user bigint, p_parent uuid, p_entry uuid, p_name text, p_sort_key text, p_words text,
    p_conflict text, p_condition text, p_versions uuid[],
    p_new_entry uuid, p_version uuid, p_content uuid, p_size bigint, p_type text, p_modified_at timestamptz,
    p_kept_for uuid[], p_within uuid,
    OUT outcome text, OUT entry uuid, OUT folder uuid, OUT owner_id bigint, OUT owner text, OUT revision int,
    OUT starred boolean, OUT created_at timestamptz, OUT committed_at timestamptz, OUT path text
) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF p_sealed <> p_size THEN
        RAISE EXCEPTION 'the content has % bytes, not %', p_sealed, p_size;
    END IF;
    SELECT c.* FROM files_commit(p_user, p_parent, p_entry, p_name, p_sort_key, p_words, p_conflict, p_condition, p_versions,
                                 p_new_entry, p_version, p_content, p_size, p_type, p_modified_at, p_kept_for, p_within) c
      INTO outcome, entry, folder, owner_id, owner, revision, starred, created_at, committed_at, path;
    IF outcome NOT IN ('created', 'replaced') THEN
        RAISE EXCEPTION '%', outcome USING ERRCODE = 'DF100';
    END IF;
END $$;
