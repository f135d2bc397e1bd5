-- migrate:up

CREATE SCHEMA metrics;

-- A series is a metric name and its tags, once an organization.
CREATE TABLE metrics.series (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id uuid  NOT NULL,
    name            text  NOT NULL,
    tags            jsonb NOT NULL,
    type            text  NOT NULL,
    UNIQUE (organization_id, name, tags)
);
CREATE INDEX series_tags ON metrics.series USING gin (tags jsonb_path_ops);

-- One value a series and instant; the same sample twice is one.
CREATE TABLE metrics.samples (
    series_id bigint           NOT NULL REFERENCES metrics.series ON DELETE CASCADE,
    at        timestamptz      NOT NULL,
    value     double precision NOT NULL,
    PRIMARY KEY (series_id, at)
);

-- migrate:down
DROP SCHEMA metrics CASCADE;
