-- migrate:up
SET LOCAL lock_timeout = '5s';

-- How often the key of a heartbeat's ping address was rotated: only keys of this generation are taken. Heartbeats whose key never
-- was have no row.
CREATE TABLE gateway.ping_keys (
    heartbeat_id    uuid    PRIMARY KEY,
    organization_id uuid    NOT NULL REFERENCES gateway.organizations ON DELETE CASCADE,
    generation      integer NOT NULL
);
CREATE INDEX ping_keys_of_organization ON gateway.ping_keys (organization_id);

-- migrate:down
DROP TABLE gateway.ping_keys;
