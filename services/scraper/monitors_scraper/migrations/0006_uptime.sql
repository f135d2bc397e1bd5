-- migrate:up
SET LOCAL lock_timeout = '5s';

-- Addresses that are asked whether they answer as they should. `document` is the whole check, `last` how it went last.
CREATE TABLE scraper.uptime_checks (
    id               uuid        PRIMARY KEY,
    organization_id  uuid        NOT NULL,
    document         jsonb       NOT NULL,
    interval_seconds integer     NOT NULL,
    is_active        boolean     NOT NULL,
    created_at       timestamptz NOT NULL,
    next_at          timestamptz NOT NULL, -- moved on by whichever copy takes the check, so that no other does
    last             jsonb
);
CREATE INDEX uptime_checks_due ON scraper.uptime_checks (next_at) WHERE is_active;
CREATE INDEX uptime_checks_of_organization ON scraper.uptime_checks (organization_id, id);

-- migrate:down
DROP TABLE scraper.uptime_checks;
