-- The duty of a node: shared by records that count on its copies, held alone by who retires it, until the
-- transaction ends. Advisory, because a row lock that many share costs a small file as much as its inserts.
CREATE OR REPLACE FUNCTION nodes_share_duty(p_node bigint) RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock_shared((2::bigint << 56) | p_node)
$$;
CREATE OR REPLACE FUNCTION nodes_hold_duty(p_node bigint) RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock((2::bigint << 56) | p_node)
$$;

-- Was a copy verified since its node came back from its last absence, if it was away? Its disk may be an older one.
CREATE OR REPLACE FUNCTION nodes_is_proven(p_returned_at timestamptz, p_verified_at timestamptz) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT p_returned_at IS NULL OR coalesce(p_verified_at > p_returned_at, false)
$$;

-- Arrays: chunk i has c_digest[i], c_size[i] (ordered by digest: the one order in which chunk rows are locked);
-- placement j says that chunk r_chunk[j] (1-based) is on node r_node[j], in the file of replica r_id[j], or,
-- where r_id[j] is null, in a stored replica that was there before; extent k has e_length[k] bytes of chunk
-- e_chunk[k]. Extents begin at rewrite_from; a segment whose length is not recorded_length has another writer.
--
-- `state || ''` and `node_id + 0` say that no index is meant by them: a chunk is found by its id, its replicas by the
-- chunk. By the figures of a young or emptied table another index may look cheaper, until all of it is read.
CREATE OR REPLACE FUNCTION nodes_record(
    p_segment uuid, is_new boolean, epoch int, recorded_length bigint, rewrite_from bigint,
    window_began float8, replication_factor int, quorum int, push_after interval,
    c_digest bytea[], c_size int[],
    r_chunk int[], r_id uuid[], r_node bigint[],
    e_chunk int[], e_length int[],
    p_content uuid, p_sha256 bytea
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    ids bigint[] := '{}';
    fresh boolean;
    v_id bigint;
    v_state text;
    v_count int;
    v_total bigint;
    old_tail bigint[];
    retired bigint[];
BEGIN
    IF extract(epoch FROM clock_timestamp()) - window_began > 60 THEN
        RAISE EXCEPTION 'window too old' USING ERRCODE = 'DF001';
    END IF;
    -- A node being retired waits for this record, or this record knows that the node is: its copies do not count.
    PERFORM nodes_share_duty(id) FROM (SELECT DISTINCT unnest(r_node) AS id ORDER BY 1) AS counted;
    retired := ARRAY(SELECT id FROM nodes_node WHERE id = ANY(r_node) AND duty = 'retired');

    v_total := rewrite_from + coalesce((SELECT sum(l) FROM unnest(e_length) l), 0);

    IF v_total < recorded_length THEN
        RAISE EXCEPTION 'a segment never shrinks';
    END IF;

    IF is_new THEN
        INSERT INTO nodes_segment (id, length, writer_epoch, sealed) 
            VALUES (p_segment, v_total, epoch, p_content IS NOT NULL);
    ELSE
        UPDATE nodes_segment SET length = v_total, recorded_at = now(), sealed = p_content IS NOT NULL
            WHERE id = p_segment AND length = recorded_length AND writer_epoch = epoch AND NOT sealed;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'writer superseded' USING ERRCODE = 'DF002';
        END IF;
        IF rewrite_from < recorded_length THEN
            WITH gone AS (
                DELETE FROM nodes_extent WHERE segment_id = p_segment AND "offset" >= rewrite_from
                RETURNING chunk_id
            ) SELECT array_agg(chunk_id) INTO old_tail FROM gone;
        END IF;
    END IF;

    FOR i IN 1 .. coalesce(array_length(c_digest, 1), 0) LOOP
        LOOP
            fresh := false;
            SELECT id, state INTO v_id, v_state FROM nodes_chunk
                WHERE digest = c_digest[i] AND size = c_size[i] AND state <> 'deleting';
            IF NOT FOUND THEN
                SELECT count(*) INTO v_count FROM generate_subscripts(r_chunk, 1) j
                    WHERE r_chunk[j] = i AND r_id[j] IS NOT NULL AND r_node[j] <> ALL(retired);
                INSERT INTO nodes_chunk (digest, size, state, copies_due_at, copies_seen, attempts)
                    VALUES (c_digest[i], c_size[i], 'live',
                            CASE WHEN v_count < replication_factor THEN now() + push_after END, v_count, 0)
                    ON CONFLICT DO NOTHING RETURNING id INTO v_id;
                fresh := FOUND;
                EXIT WHEN fresh;
            ELSIF v_state = 'condemned' THEN
                UPDATE nodes_chunk SET state = 'live', condemned_at = NULL
                    WHERE id = v_id AND state || '' = 'condemned';
                EXIT WHEN FOUND;
            ELSIF EXISTS (SELECT 1 FROM generate_subscripts(r_chunk, 1) j
                          WHERE r_chunk[j] = i AND r_id[j] IS NOT NULL) THEN
                -- Brings copies and may make it due: two of them that only shared the row would wait in a circle.
                PERFORM 1 FROM nodes_chunk WHERE id = v_id AND state || '' = 'live' FOR NO KEY UPDATE;
                EXIT WHEN FOUND;
            ELSE
                PERFORM 1 FROM nodes_chunk WHERE id = v_id AND state || '' = 'live' FOR SHARE;
                EXIT WHEN FOUND;
            END IF;
        END LOOP;
        ids := ids || v_id;

        IF NOT fresh THEN
            -- A copy on its way to the same node, in doubt there or not proven to be there, gives way; its file goes.
            UPDATE nodes_replica SET state = 'deleting'
                WHERE chunk_id = v_id
                AND (state || '' = 'pending' OR state || '' = 'stored' AND (doubted_at IS NOT NULL
                     OR NOT nodes_is_proven((SELECT returned_at FROM nodes_node WHERE id = node_id), verified_at)))
                AND node_id + 0 IN
                    (SELECT r_node[j] FROM generate_subscripts(r_chunk, 1) j
                     WHERE r_chunk[j] = i AND r_id[j] IS NOT NULL);
        END IF;
        INSERT INTO nodes_replica (id, chunk_id, node_id, state, stored_at, verified_at)
            SELECT r_id[j], v_id, r_node[j], 'stored', now(), now() FROM generate_subscripts(r_chunk, 1) j
            WHERE r_chunk[j] = i AND r_id[j] IS NOT NULL AND r_node[j] <> ALL(retired) ORDER BY r_node[j]
            ON CONFLICT (chunk_id, node_id) WHERE state IN ('pending', 'stored') DO NOTHING;

        IF NOT fresh THEN
            -- Where another upload of the same bytes was first, our file on that node is one too many.
            INSERT INTO nodes_replica (id, chunk_id, node_id, state)
                SELECT r_id[j], v_id, r_node[j], 'deleting' FROM generate_subscripts(r_chunk, 1) j
                WHERE r_chunk[j] = i AND r_id[j] IS NOT NULL AND r_node[j] <> ALL(retired)
                ON CONFLICT (id) DO NOTHING;
            SELECT count(DISTINCT node_id + 0) INTO v_count FROM nodes_replica
                WHERE chunk_id = v_id AND state || '' = 'stored' AND doubted_at IS NULL
                AND nodes_is_proven((SELECT returned_at FROM nodes_node WHERE id = node_id), verified_at)
                AND node_id + 0 IN
                    (SELECT r_node[j] FROM generate_subscripts(r_chunk, 1) j WHERE r_chunk[j] = i);
            UPDATE nodes_chunk SET copies_due_at = now(), copies_seen = v_count
                WHERE id = v_id AND v_count < replication_factor AND copies_due_at IS NULL
                AND (SELECT count(*) FROM nodes_replica WHERE chunk_id = v_id AND state || '' = 'stored')
                    < replication_factor;
        END IF;
        IF v_count < quorum THEN
            RAISE EXCEPTION 'chunk reclaimed' USING ERRCODE = 'DF003';
        END IF;
    END LOOP;

    INSERT INTO nodes_extent (segment_id, "offset", length, chunk_id)
        SELECT p_segment, rewrite_from + sum(e_length[k]) OVER (ORDER BY k) - e_length[k],
               e_length[k], ids[e_chunk[k]]
        FROM generate_subscripts(e_chunk, 1) k;

    IF old_tail IS NOT NULL THEN
        -- Locked first, decided in a later statement: one alone would not see an extent recorded meanwhile.
        PERFORM 1 FROM nodes_chunk WHERE id = ANY(old_tail) ORDER BY digest, size FOR NO KEY UPDATE;
        UPDATE nodes_chunk SET state = 'condemned', condemned_at = now()
            WHERE id = ANY(old_tail) AND state || '' = 'live'
            AND NOT EXISTS (SELECT 1 FROM nodes_extent e WHERE e.chunk_id = nodes_chunk.id);
    END IF;
    IF p_content IS NOT NULL THEN
        INSERT INTO nodes_content (id, size, sha256) VALUES (p_content, v_total, p_sha256);
        INSERT INTO nodes_contentsegment (content_id, base_offset, segment_id) VALUES (p_content, 0, p_segment);
    END IF;
    RETURN v_total;
END $$;
