-- migrate:up
SET LOCAL lock_timeout = '5s';

CREATE INDEX notifications_of_channel ON notifier.notifications (organization_id, channel_id, id DESC);
CREATE INDEX notifications_by_state ON notifier.notifications (organization_id, state, id DESC);

-- migrate:down
DROP INDEX notifier.notifications_by_state;
DROP INDEX notifier.notifications_of_channel;
