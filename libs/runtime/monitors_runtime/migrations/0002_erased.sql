-- migrate:up
SET LOCAL lock_timeout = '5s';

-- Organizations that are gone, by the service that has erased what it kept of them.
CREATE TABLE runtime.erased (
    service         text        NOT NULL,
    organization_id uuid        NOT NULL,
    erased_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (service, organization_id)
);

-- Which of these organizations are gone. The others stay until this transaction ends: who erases waits for it. The second
-- statement sees what was committed while the first one waited.
CREATE FUNCTION runtime.erased_among(of_service text, organizations uuid[]) RETURNS SETOF uuid LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtext('erasing by ' || of_service), hashtext(given.id::text))
    FROM (SELECT DISTINCT unnest(organizations) AS id ORDER BY 1) AS given;
    RETURN QUERY
    SELECT organization_id FROM runtime.erased WHERE service = of_service AND organization_id = ANY (organizations);
END $$;

-- From now on this organization is gone for this service. Waits for those who are just writing something of it.
CREATE FUNCTION runtime.erase(of_service text, organization uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('erasing by ' || of_service), hashtext(organization::text));
    INSERT INTO runtime.erased (service, organization_id) VALUES (of_service, organization) ON CONFLICT DO NOTHING;
END $$;

-- migrate:down
DROP FUNCTION runtime.erase;
DROP FUNCTION runtime.erased_among;
DROP TABLE runtime.erased;
