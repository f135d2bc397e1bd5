-- migrate:up
SET LOCAL lock_timeout = '5s';

-- How each part of the platform is since when: what the last SystemHealthChanged about it said.
CREATE TABLE gateway.system_parts (
    part text PRIMARY KEY,
    change_id uuid NOT NULL,
    state text NOT NULL,
    reason text NOT NULL,
    since timestamptz NOT NULL
);

-- migrate:down
DROP TABLE gateway.system_parts;
