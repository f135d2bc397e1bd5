-- migrate:up

CREATE SCHEMA scraper;

-- What each monitor's source last answered: validators for conditional requests, and the hash that tells what is unchanged.
CREATE TABLE scraper.pages (
    organization_id uuid        NOT NULL,
    monitor_id      uuid        NOT NULL,
    url             text        NOT NULL,
    content_hash    text        NOT NULL,
    content_type    text        NOT NULL,
    etag            text,
    last_modified   text,
    rendered_by     text        NOT NULL,
    snapshot_id     uuid        NOT NULL,
    fetched_at      timestamptz NOT NULL,
    PRIMARY KEY (organization_id, monitor_id)
);

-- A page as it was, once per content.
CREATE TABLE scraper.snapshots (
    id              uuid        PRIMARY KEY,
    organization_id uuid        NOT NULL,
    monitor_id      uuid        NOT NULL,
    url             text        NOT NULL,
    final_url       text        NOT NULL,
    status          integer     NOT NULL,
    content_type    text        NOT NULL,
    content_hash    text        NOT NULL,
    headers         jsonb       NOT NULL,
    rendered_by     text        NOT NULL,
    screenshot      jsonb,
    fetched_at      timestamptz NOT NULL
);
CREATE INDEX snapshots_by_content ON scraper.snapshots (organization_id, content_hash, url);
CREATE INDEX snapshots_of_monitor ON scraper.snapshots (organization_id, monitor_id);
CREATE INDEX snapshots_by_age ON scraper.snapshots (fetched_at);

-- Contents, compressed; large ones lie in the object store and have a reference here.
CREATE TABLE scraper.contents (
    organization_id uuid        NOT NULL,
    content_hash    text        NOT NULL,
    packed          bytea,
    reference       jsonb,
    PRIMARY KEY (organization_id, content_hash),
    CHECK (packed IS NOT NULL OR reference IS NOT NULL)
);
ALTER TABLE scraper.contents ALTER COLUMN packed SET STORAGE EXTERNAL;

-- How hosts answer, by hour and outcome (`ok` or the failure).
CREATE TABLE scraper.host_hours (
    host        text             NOT NULL,
    hour        timestamptz      NOT NULL,
    outcome     text             NOT NULL,
    fetches     bigint           NOT NULL,
    duration_ms double precision NOT NULL,
    PRIMARY KEY (host, hour, outcome)
);
CREATE INDEX host_hours_by_age ON scraper.host_hours (hour);

-- migrate:down
DROP SCHEMA scraper CASCADE;
