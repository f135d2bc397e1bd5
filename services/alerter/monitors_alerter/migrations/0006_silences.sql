-- migrate:up
SET LOCAL lock_timeout = '5s';

-- What holds alerts back. All three are made of events; a higher version wins. `document` is the whole
-- thing, null once it is gone.
CREATE TABLE alerter.silences (
    id              uuid        PRIMARY KEY,
    organization_id uuid        NOT NULL,
    starts_at       timestamptz NOT NULL,
    ends_at         timestamptz NOT NULL,
    remind_at       timestamptz,
    version         integer     NOT NULL,
    document        jsonb       NOT NULL
);
CREATE INDEX silences_of_organization ON alerter.silences (organization_id, id DESC);
CREATE INDEX silences_lasting ON alerter.silences (organization_id, ends_at);
CREATE INDEX silences_to_remind ON alerter.silences (remind_at) WHERE remind_at IS NOT NULL;

CREATE TABLE alerter.maintenance_windows (
    id              uuid        PRIMARY KEY,
    organization_id uuid        NOT NULL,
    version         integer     NOT NULL,
    document        jsonb
);
CREATE INDEX maintenance_windows_of_organization ON alerter.maintenance_windows (organization_id);

CREATE TABLE alerter.inhibition_rules (
    id              uuid        PRIMARY KEY,
    organization_id uuid        NOT NULL,
    version         integer     NOT NULL,
    document        jsonb
);
CREATE INDEX inhibition_rules_of_organization ON alerter.inhibition_rules (organization_id);

-- Open alerts that hold others back, by rule and equal labels (`key`); made of alerts and rules. `aims`: as whose targets
-- they may be held back themselves.
CREATE TABLE alerter.inhibitors (
    organization_id uuid        NOT NULL,
    key             uuid        NOT NULL,
    alert_id        uuid        NOT NULL,
    rule_id         uuid        NOT NULL,
    is_both         boolean     NOT NULL,
    name            text        NOT NULL,
    severity        text        NOT NULL,
    started_at      timestamptz NOT NULL,
    aims            jsonb       NOT NULL,
    PRIMARY KEY (organization_id, key, alert_id)
);
CREATE INDEX inhibitors_by_key
    ON alerter.inhibitors (organization_id, key, is_both, (jsonb_array_length(aims)), alert_id);
CREATE INDEX inhibitors_of_alert ON alerter.inhibitors (alert_id);
CREATE INDEX inhibitors_of_rule ON alerter.inhibitors (organization_id, rule_id);

-- What was held back, by what, and how many changes of it: working state, written as it happens.
CREATE TABLE alerter.held (
    organization_id uuid        NOT NULL,
    holder_id       uuid        NOT NULL,
    alert_id        uuid        NOT NULL,
    since           timestamptz NOT NULL,
    last            timestamptz NOT NULL,
    times           integer     NOT NULL,
    alert_version   integer     NOT NULL,
    PRIMARY KEY (organization_id, holder_id, alert_id)
);
CREATE INDEX held_alerts ON alerter.held (alert_id);

-- migrate:down
SET LOCAL lock_timeout = '5s';
DROP TABLE alerter.held, alerter.inhibitors, alerter.inhibition_rules,
    alerter.maintenance_windows, alerter.silences;
