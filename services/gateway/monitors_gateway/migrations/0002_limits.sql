-- migrate:up
SET lock_timeout = '5s';

-- When each monitor was last refreshed by hand: as many times as the limit of a minute needs, oldest first.
CREATE TABLE gateway.monitor_refreshes (
    organization_id uuid NOT NULL,
    monitor_id uuid NOT NULL,
    recent timestamptz[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (organization_id, monitor_id)
);

CREATE TABLE gateway.daily_usage (
    user_id uuid NOT NULL REFERENCES gateway.users ON DELETE CASCADE,
    day date NOT NULL,
    refreshes integer NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, day)
);

CREATE TABLE gateway.address_usage (
    address text NOT NULL,
    action text NOT NULL,
    window_started_at timestamptz NOT NULL,
    used integer NOT NULL,
    PRIMARY KEY (address, action)
);

-- migrate:down
DROP TABLE gateway.monitor_refreshes, gateway.daily_usage, gateway.address_usage;
