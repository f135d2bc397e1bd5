-- migrate:up
SET LOCAL lock_timeout = '5s';

-- What other systems told last of their alerts. Working state, not made of events: an alert that is told again and again
-- unchanged is moved on here alone. `look_at` is when to look whether it ended; it is let go of or moved on only then, so that
-- being told again changes no index.
CREATE TABLE alerter.received (
    organization_id uuid        NOT NULL,
    fingerprint     text        NOT NULL,
    alert_id        uuid        NOT NULL,
    digest          bytea       NOT NULL,
    heard_at        timestamptz NOT NULL,
    ends_at         timestamptz NOT NULL,
    is_over         boolean     NOT NULL,
    look_at         timestamptz NOT NULL,
    PRIMARY KEY (organization_id, fingerprint)
) WITH (fillfactor = 70);
CREATE INDEX received_due ON alerter.received (look_at);

-- migrate:down
SET LOCAL lock_timeout = '5s';
DROP TABLE alerter.received;
