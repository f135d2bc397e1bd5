-- migrate:up
SET LOCAL lock_timeout = '5s';

-- The incident as it is now, made of its events; a higher version wins. `document` is the whole incident, the columns beside
-- it are what is searched by.
CREATE TABLE alerter.incidents (
    id              uuid        PRIMARY KEY,
    organization_id uuid        NOT NULL,
    number          integer     NOT NULL,
    status          text        NOT NULL,
    severity        text        NOT NULL,
    is_merged       boolean     NOT NULL,
    opened_at       timestamptz NOT NULL,
    acknowledged_at timestamptz,
    started_at      timestamptz NOT NULL,
    resolved_at     timestamptz,
    last_alert_at   timestamptz,
    quiet_since     timestamptz,
    alert_ids       uuid[]      NOT NULL,
    version         integer     NOT NULL,
    document        jsonb       NOT NULL
);
CREATE UNIQUE INDEX incidents_by_number ON alerter.incidents (organization_id, number);
CREATE INDEX incidents_by_status ON alerter.incidents (organization_id, status, id DESC);
CREATE INDEX incidents_of_organization ON alerter.incidents (organization_id, id DESC);
CREATE INDEX incidents_resolved ON alerter.incidents (organization_id, resolved_at) WHERE NOT is_merged;
CREATE INDEX incidents_opened ON alerter.incidents (organization_id, opened_at) WHERE NOT is_merged;
CREATE INDEX incidents_quiet ON alerter.incidents (quiet_since) WHERE status <> 'resolved' AND quiet_since IS NOT NULL;
CREATE INDEX incidents_of_alerts ON alerter.incidents USING gin (alert_ids);

-- What happened to an incident. `document` is the whole step.
CREATE TABLE alerter.incident_steps (
    organization_id uuid        NOT NULL,
    incident_id     uuid        NOT NULL,
    key             integer     NOT NULL,
    document        jsonb       NOT NULL,
    PRIMARY KEY (organization_id, incident_id, key)
);
CREATE INDEX incident_steps_of_incident ON alerter.incident_steps (incident_id);

-- migrate:down
SET LOCAL lock_timeout = '5s';
DROP TABLE alerter.incident_steps, alerter.incidents;
