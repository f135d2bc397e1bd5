-- migrate:up
SET LOCAL lock_timeout = '5s';

-- What links in messages did; each does it once.
CREATE TABLE notifier.used_links (
    organization_id uuid        NOT NULL,
    notification_id uuid        NOT NULL,
    action          text        NOT NULL,
    used_at         timestamptz NOT NULL,
    PRIMARY KEY (notification_id, action)
);
CREATE INDEX used_links_of_organization ON notifier.used_links (organization_id);

-- migrate:down
DROP TABLE notifier.used_links;
