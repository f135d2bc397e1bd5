-- migrate:up
SET LOCAL lock_timeout = '5s';

-- Contacts, schedules and policies as they are now, made of their events; a higher version wins. `document` is the whole
-- thing (null once deleted).
CREATE TABLE alerter.oncall (
    organization_id uuid    NOT NULL,
    id              uuid    NOT NULL,
    kind            text    NOT NULL CHECK (kind IN ('contact', 'schedule', 'policy')),
    version         integer NOT NULL,
    document        jsonb,
    PRIMARY KEY (organization_id, id)
);
CREATE INDEX oncall_of_kind ON alerter.oncall (organization_id, kind) WHERE document IS NOT NULL;

-- Who stands in for whom. A row stays when the override is removed, so that it does not come back with a late event.
CREATE TABLE alerter.overrides (
    organization_id uuid        NOT NULL,
    id              uuid        NOT NULL,
    schedule_id     uuid        NOT NULL,
    starts_at       timestamptz NOT NULL,
    ends_at         timestamptz NOT NULL,
    is_removed      boolean     NOT NULL,
    document        jsonb       NOT NULL,
    PRIMARY KEY (organization_id, id)
);
CREATE INDEX overrides_of_schedule ON alerter.overrides (organization_id, schedule_id, ends_at);
CREATE INDEX overrides_by_id ON alerter.overrides (id);

-- migrate:down
SET LOCAL lock_timeout = '5s';
DROP TABLE alerter.overrides;
DROP TABLE alerter.oncall;
