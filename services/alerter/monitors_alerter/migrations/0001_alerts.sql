-- migrate:up

CREATE SCHEMA alerter;

-- The alert as it is now. Everything here comes from alert events, and a higher version wins, so that events may be applied
-- twice or late. `document` is the whole alert; the columns beside it are what is searched by.
CREATE TABLE alerter.alerts (
    id              uuid        PRIMARY KEY,
    organization_id uuid        NOT NULL,
    monitor_id      uuid,
    fingerprint     text        NOT NULL,
    state           text        NOT NULL CHECK (state IN ('firing', 'acknowledged', 'resolved')),
    version         integer     NOT NULL,
    started_at      timestamptz NOT NULL,
    resolved_at     timestamptz,
    document        jsonb       NOT NULL
);
-- The same condition has one open alert, whatever races.
CREATE UNIQUE INDEX alerts_open ON alerter.alerts (organization_id, fingerprint) WHERE state <> 'resolved';
CREATE INDEX alerts_of_organization ON alerter.alerts (organization_id, id DESC);
CREATE INDEX alerts_of_monitor ON alerter.alerts (organization_id, monitor_id, id DESC);

-- When a condition last cleared: a crossing that arrives after its own end is still told, and ended at once.
CREATE TABLE alerter.clearings (
    organization_id uuid        NOT NULL,
    fingerprint     text        NOT NULL,
    cleared_at      timestamptz NOT NULL,
    PRIMARY KEY (organization_id, fingerprint)
);

-- migrate:down
DROP SCHEMA alerter CASCADE;
