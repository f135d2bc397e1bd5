-- migrate:up
SET LOCAL lock_timeout = '5s';

-- 0: the other services were not told of it yet.
ALTER TABLE notifier.channels ADD COLUMN version integer NOT NULL DEFAULT 0;
CREATE INDEX channels_unannounced ON notifier.channels (id) WHERE version = 0;

-- What is to be told, as long as it was not taken; messages of one group to one channel wait for each other.
ALTER TABLE notifier.notifications ADD COLUMN group_id uuid, ADD COLUMN notice jsonb;
UPDATE notifier.notifications SET group_id = alert_id, next_attempt_at = coalesce(next_attempt_at, now())
WHERE state = 'pending';
CREATE INDEX notifications_waiting ON notifier.notifications (channel_id, group_id) WHERE state = 'pending';

-- The messages that tell of several alerts, by each alert. Made of the same events as the ledger.
CREATE TABLE notifier.told_of (
    organization_id uuid NOT NULL,
    alert_id        uuid NOT NULL,
    notification_id uuid NOT NULL,
    PRIMARY KEY (organization_id, alert_id, notification_id)
);
CREATE INDEX told_of_message ON notifier.told_of (notification_id);

-- The newest that each channel took about an alert; or, expected, what a message tells that stands in for another channel's.
CREATE TABLE notifier.arrivals (
    organization_id uuid    NOT NULL,
    alert_id        uuid    NOT NULL,
    channel_id      uuid    NOT NULL,
    stands_in_for   uuid,
    version         integer NOT NULL,
    is_open         boolean NOT NULL,
    notification_id uuid    NOT NULL,
    is_expected     boolean NOT NULL DEFAULT false,
    PRIMARY KEY (organization_id, alert_id, channel_id)
);
CREATE INDEX arrivals_by_age ON notifier.arrivals (alert_id);
INSERT INTO notifier.arrivals
SELECT DISTINCT ON (organization_id, alert_id, channel_id)
    organization_id, alert_id, channel_id, NULL, (alert->>'version')::int, alert->>'state' <> 'resolved', id
FROM notifier.notifications
WHERE alert IS NOT NULL AND state NOT IN ('pending', 'failed', 'superseded')
ORDER BY organization_id, alert_id, channel_id, (alert->>'version')::int DESC;

-- Which copy of the notifier sends to a channel for a group now. Lost with a crash of the database, and free again by then.
CREATE UNLOGGED TABLE notifier.claims (
    channel_id uuid        NOT NULL,
    group_id   uuid        NOT NULL,
    holder     uuid        NOT NULL,
    until      timestamptz NOT NULL,
    PRIMARY KEY (channel_id, group_id)
);
CREATE INDEX claims_by_end ON notifier.claims (until);

-- migrate:down
DROP TABLE notifier.claims;
DROP TABLE notifier.arrivals;
DROP TABLE notifier.told_of;
DROP INDEX notifier.notifications_waiting;
ALTER TABLE notifier.notifications DROP COLUMN notice, DROP COLUMN group_id;
DROP INDEX notifier.channels_unannounced;
ALTER TABLE notifier.channels DROP COLUMN version;
