-- migrate:up
SET LOCAL lock_timeout = '5s';

-- Addresses that show measurements. Not made of events: headers hold secrets.
CREATE TABLE scraper.targets (
    id               uuid        PRIMARY KEY,
    organization_id  uuid        NOT NULL,
    url              text        NOT NULL,
    name             text        NOT NULL,
    interval_seconds integer     NOT NULL,
    labels           jsonb       NOT NULL,
    headers          jsonb       NOT NULL,
    is_active        boolean     NOT NULL,
    created_at       timestamptz NOT NULL,
    next_at          timestamptz NOT NULL, -- moved on by whichever copy takes the scrape, so that no other does
    last_scrape_at   timestamptz,
    last_error       text,
    last_duration    double precision,
    last_samples     integer,
    last_refused     integer,
    series           bytea       NOT NULL DEFAULT '' -- of the last scrape: texts, one a line, compressed
);
CREATE INDEX targets_due ON scraper.targets (next_at) WHERE is_active;
CREATE INDEX targets_of_organization ON scraper.targets (organization_id, id);

-- migrate:down
DROP TABLE scraper.targets;
