-- migrate:up

CREATE SCHEMA evaluator;

-- A monitor as it is now, made of monitor events; a higher version wins. `document` is the whole monitor (null once deleted);
-- `reading` is the last good one, with the hash of the content it was read from.
CREATE TABLE evaluator.monitors (
    id              uuid        PRIMARY KEY,
    organization_id uuid        NOT NULL,
    user_id         uuid,
    version         integer     NOT NULL,
    document        jsonb,
    reading         jsonb,
    content_hash    text
);
CREATE INDEX monitors_of_user ON evaluator.monitors (organization_id, user_id, id DESC) WHERE document IS NOT NULL;

-- One row a refresh: pending from the moment it is accepted, done exactly once.
CREATE TABLE evaluator.evaluations (
    id              uuid        PRIMARY KEY,
    organization_id uuid        NOT NULL,
    monitor_id      uuid        NOT NULL,
    status          text        NOT NULL CHECK (status IN ('pending', 'done')),
    requested_at    timestamptz NOT NULL,
    suspect         jsonb,
    document        jsonb       NOT NULL
);
CREATE INDEX evaluations_of_monitor ON evaluator.evaluations (monitor_id, id DESC);
CREATE INDEX evaluations_pending ON evaluator.evaluations (requested_at) WHERE status = 'pending';

-- What AI providers were asked and what it cost.
CREATE TABLE evaluator.ai_usage (
    id              uuid             PRIMARY KEY,
    organization_id uuid             NOT NULL,
    user_id         uuid,
    provider        text             NOT NULL,
    model           text             NOT NULL,
    purpose         text             NOT NULL,
    input_tokens    integer          NOT NULL,
    output_tokens   integer          NOT NULL,
    cost_usd        double precision NOT NULL,
    outcome         text             NOT NULL,
    occurred_at     timestamptz      NOT NULL
);
CREATE INDEX ai_usage_of_organization ON evaluator.ai_usage (organization_id, occurred_at);

-- migrate:down
DROP SCHEMA evaluator CASCADE;
