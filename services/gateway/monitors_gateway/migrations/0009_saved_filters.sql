-- migrate:up
SET LOCAL lock_timeout = '5s';

-- How somebody likes to look at alerts: filters by a name, each person's own.
CREATE TABLE gateway.saved_filters (
    id              uuid        PRIMARY KEY,
    organization_id uuid        NOT NULL REFERENCES gateway.organizations ON DELETE CASCADE,
    user_id         uuid        NOT NULL REFERENCES gateway.users ON DELETE CASCADE,
    name            text        NOT NULL,
    query           jsonb       NOT NULL,
    saved_at        timestamptz NOT NULL,
    UNIQUE (organization_id, user_id, name)
);
CREATE INDEX saved_filters_of_user ON gateway.saved_filters (user_id);

-- migrate:down
SET LOCAL lock_timeout = '5s';
DROP TABLE gateway.saved_filters;
