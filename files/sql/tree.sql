-- Walks through the tree. PL/pgSQL keeps the plan of each step for the life of a connection, and one call
-- is one round trip however deep the tree.

-- The shape of an owner's tree: shared by whoever adds to it, held alone by whoever moves or purges a folder,
-- until the transaction ends. Advisory locks: a row lock that many share is written to the table, its log and a
-- list of its holders, which cost a small file as much as all of its inserts.
CREATE OR REPLACE FUNCTION files_share_shape(p_owner bigint) RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock_shared((1::bigint << 56) | p_owner)
$$;
CREATE OR REPLACE FUNCTION files_hold_shape(p_owner bigint) RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock((1::bigint << 56) | p_owner)
$$;

-- Never true, and costly to ask: `(trashed_at IS NULL OR files_by_other_index(id))` is free on an index whose own
-- condition says that trashed_at is null, and dear on any other. A statement that thousands of files wait for
-- says so which index it means: the folder's listing fits it, too, and by the figures of a young or emptied table
-- it may look cheaper, until the plan reads all of a large folder for one name.
CREATE OR REPLACE FUNCTION files_by_other_index(p_entry uuid) RETURNS boolean LANGUAGE plpgsql IMMUTABLE COST 1000000 AS $$
BEGIN
    RETURN false;
END $$;

-- Is neither the entry nor a folder above it in the trash or purged?
CREATE OR REPLACE FUNCTION files_is_alive(p_entry uuid) RETURNS boolean LANGUAGE plpgsql STABLE COST 1000 AS $$
DECLARE
    v_entry uuid := p_entry;
    v_is_living boolean;
BEGIN
    WHILE v_entry IS NOT NULL LOOP
        SELECT parent_id, trashed_at IS NULL AND purged_at IS NULL INTO v_entry, v_is_living
          FROM files_entry WHERE id = v_entry;
        IF NOT FOUND OR NOT v_is_living THEN
            RETURN false;
        END IF;
    END LOOP;
    RETURN p_entry IS NOT NULL;
END $$;

-- Is neither the entry nor a folder above it purged? It may be in the trash.
CREATE OR REPLACE FUNCTION files_is_kept(p_entry uuid) RETURNS boolean LANGUAGE plpgsql STABLE COST 1000 AS $$
DECLARE
    v_entry uuid := p_entry;
    v_is_kept boolean;
BEGIN
    WHILE v_entry IS NOT NULL LOOP
        SELECT parent_id, purged_at IS NULL INTO v_entry, v_is_kept FROM files_entry WHERE id = v_entry;
        IF NOT FOUND OR NOT v_is_kept THEN
            RETURN false;
        END IF;
    END LOOP;
    RETURN p_entry IS NOT NULL;
END $$;

-- Does the entry lie in the folder, at any depth, or is it the folder itself?
CREATE OR REPLACE FUNCTION files_is_within(p_entry uuid, p_folder uuid) RETURNS boolean LANGUAGE plpgsql STABLE COST 1000 AS $$
DECLARE
    v_entry uuid := p_entry;
BEGIN
    WHILE v_entry IS NOT NULL LOOP
        IF v_entry = p_folder THEN
            RETURN true;
        END IF;
        SELECT parent_id INTO v_entry FROM files_entry WHERE id = v_entry;
    END LOOP;
    RETURN false;
END $$;

-- The path of an entry below its root: "/holiday/photo.jpg", and "/" for the root.
CREATE OR REPLACE FUNCTION files_path(p_entry uuid) RETURNS text LANGUAGE plpgsql STABLE COST 1000 AS $$
DECLARE
    v_entry uuid := p_entry;
    v_parent uuid;
    v_name text;
    v_path text := '';
BEGIN
    LOOP
        SELECT parent_id, name INTO v_parent, v_name FROM files_entry WHERE id = v_entry;
        EXIT WHEN NOT FOUND OR v_parent IS NULL;
        v_path := '/' || v_name || v_path;
        v_entry := v_parent;
    END LOOP;
    RETURN CASE WHEN v_path = '' THEN '/' ELSE v_path END;
END $$;

-- The living entry of this name in a folder; null when there is none.
CREATE OR REPLACE FUNCTION files_child(p_folder uuid, p_name text) RETURNS uuid LANGUAGE plpgsql STABLE COST 1000 AS $$
DECLARE
    v_entry uuid;
BEGIN
    SELECT id INTO v_entry FROM files_entry
     WHERE parent_id = p_folder AND name = p_name AND trashed_at IS NULL AND purged_at IS NULL
       AND (trashed_at IS NULL OR files_by_other_index(id));
    RETURN v_entry;
END $$;

-- The root folder of an owner; null before the first request.
CREATE OR REPLACE FUNCTION files_root(p_owner bigint) RETURNS uuid LANGUAGE plpgsql STABLE COST 1000 AS $$
DECLARE
    v_entry uuid;
BEGIN
    SELECT id INTO v_entry FROM files_entry
     WHERE owner_id = p_owner AND parent_id IS NULL AND (parent_id IS NULL OR files_by_other_index(id));
    RETURN v_entry;
END $$;

-- How far a path leads from the root of an owner, or from the folder they are confined to: the last entry found,
-- and the number of names it took.
CREATE OR REPLACE FUNCTION files_walk(p_owner bigint, p_names text[], p_within uuid, OUT depth int, OUT entry uuid)
LANGUAGE plpgsql STABLE COST 1000 AS $$
DECLARE
    v_next uuid;
BEGIN
    depth := 0;
    IF p_within IS NULL THEN
        entry := files_root(p_owner);
    ELSIF files_may_see(p_owner, p_within, p_within) THEN
        entry := p_within;
    END IF;
    WHILE depth < cardinality(p_names) AND entry IS NOT NULL LOOP
        v_next := files_child(entry, p_names[depth + 1]);
        EXIT WHEN v_next IS NULL;
        entry := v_next;
        depth := depth + 1;
    END LOOP;
END $$;

-- What a person may do with an entry, "owner", "editor" or "viewer", and null when it is not theirs to see; and
-- where it lies for them: below their root, or below the topmost folder of it that is shared with them. The
-- nearest share decides the role. In the trash, or below a folder that is, nobody may do anything; its path stays.
--
-- Who is confined to a folder of their own (p_within) sees what lies in it and that folder as the topmost one,
-- nothing else, whatever is theirs or shared with them.
--
-- This is the one rule of access: `files_may_see`, `files_may_edit`, `files_may_place` and `files_commit` ask here.
CREATE OR REPLACE FUNCTION files_sight(p_user bigint, p_entry uuid, p_within uuid, OUT role text, OUT path text)
LANGUAGE plpgsql STABLE COST 1000 AS $$
DECLARE
    v_entry uuid := p_entry;
    v_parent uuid;
    v_name text;
    v_owner bigint;
    v_is_living boolean;
    v_are_living boolean := true;
    v_share text;
    v_path text := '';
    v_path_within text;
BEGIN
    WHILE v_entry IS NOT NULL LOOP
        SELECT parent_id, name, owner_id, trashed_at IS NULL AND purged_at IS NULL
          INTO v_parent, v_name, v_owner, v_is_living FROM files_entry WHERE id = v_entry;
        IF NOT FOUND THEN
            role := NULL;
            RETURN;
        END IF;
        v_are_living := v_are_living AND v_is_living;
        IF v_entry = p_within THEN
            v_path_within := CASE WHEN v_path = '' THEN '/' ELSE v_path END;
        END IF;
        IF v_parent IS NOT NULL THEN
            v_path := '/' || v_name || v_path;
        END IF;
        IF v_owner <> p_user THEN
            SELECT min(s.role) INTO v_share FROM files_share s  -- "editor" comes before "viewer"
             WHERE s.entry_id = v_entry
               AND (s.user_id = p_user
                    OR s.group_id IN (SELECT g.group_id FROM accounts_user_groups g WHERE g.user_id = p_user));
            IF v_share IS NOT NULL THEN
                role := coalesce(role, v_share);
                path := v_path;
            END IF;
        END IF;
        v_entry := v_parent;
    END LOOP;
    IF v_owner = p_user THEN
        role := 'owner';
        path := CASE WHEN v_path = '' THEN '/' ELSE v_path END;
    END IF;
    IF p_within IS NOT NULL THEN
        path := CASE WHEN v_owner = p_user THEN v_path_within END;
        role := CASE WHEN path IS NOT NULL THEN role END;
    END IF;
    IF NOT v_are_living THEN
        role := NULL;
    END IF;
END $$;

CREATE OR REPLACE FUNCTION files_role(p_user bigint, p_entry uuid, p_within uuid) RETURNS text LANGUAGE plpgsql STABLE COST 1000 AS $$
BEGIN
    RETURN (files_sight(p_user, p_entry, p_within)).role;
END $$;

-- May the person read it, and list it if it is a folder?
CREATE OR REPLACE FUNCTION files_may_see(p_user bigint, p_entry uuid, p_within uuid) RETURNS boolean LANGUAGE sql STABLE COST 1000 AS $$
    SELECT files_role(p_user, p_entry, p_within) IS NOT NULL
$$;

-- May the person write its bytes, and put entries into it if it is a folder?
CREATE OR REPLACE FUNCTION files_may_edit(p_user bigint, p_entry uuid, p_within uuid) RETURNS boolean LANGUAGE sql STABLE COST 1000 AS $$
    SELECT coalesce(files_role(p_user, p_entry, p_within) IN ('owner', 'editor'), false)
$$;

-- May the person rename it, move it and put it into the trash? What is shared by itself stays where it is: its
-- name and place belong to a folder that only its owner has; and so does
-- the folder that somebody is confined to.
CREATE OR REPLACE FUNCTION files_may_place(p_user bigint, p_entry uuid, p_within uuid) RETURNS boolean LANGUAGE plpgsql STABLE COST 1000 AS $$
DECLARE
    v_role text := files_role(p_user, p_entry, p_within);
BEGIN
    IF p_entry = p_within THEN
        RETURN false;
    ELSIF v_role = 'editor' THEN
        RETURN files_may_edit(p_user, (SELECT parent_id FROM files_entry WHERE id = p_entry), p_within);
    END IF;
    RETURN coalesce(v_role = 'owner', false);
END $$;

-- The path of an entry for a person, who may have put it into the trash.
CREATE OR REPLACE FUNCTION files_path_for(p_user bigint, p_entry uuid, p_within uuid) RETURNS text LANGUAGE plpgsql STABLE COST 1000 AS $$
BEGIN
    RETURN (files_sight(p_user, p_entry, p_within)).path;
END $$;
