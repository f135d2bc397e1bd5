-- migrate:up
SET LOCAL lock_timeout = '5s';

-- A series is a metric name and its labels, once an organization. `id` is a fingerprint of both, so that it is the same however
-- often the series is forgotten and seen again.
CREATE TABLE metrics.known_series (
    id              bigint PRIMARY KEY,
    organization_id uuid  NOT NULL,
    name            text  NOT NULL,
    labels          jsonb NOT NULL
);
CREATE INDEX known_series_name ON metrics.known_series (organization_id, name);
CREATE INDEX known_series_labels ON metrics.known_series USING gin (labels jsonb_path_ops);

-- What senders said of a metric: the latest words.
CREATE TABLE metrics.descriptions (
    organization_id uuid NOT NULL,
    name            text NOT NULL,
    described_by    uuid NOT NULL, -- the batch; its id tells its time
    description     jsonb NOT NULL,
    PRIMARY KEY (organization_id, name)
);

-- Samples that were not kept, by reason: counted, not rebuilt.
CREATE TABLE metrics.refusals (
    organization_id uuid   NOT NULL,
    reason          text   NOT NULL,
    samples         bigint NOT NULL,
    PRIMARY KEY (organization_id, reason)
);

-- Samples as they came in: one row a series, hour and commit; `data` is, for each sample, its time (int8, milliseconds since 1970)
-- and its value (float8), both as PostgreSQL sends them. A partition is an hour, and goes when the hour is packed into chunks.
CREATE TABLE metrics.head (
    series_id bigint      NOT NULL,
    hour      timestamptz NOT NULL,
    data      bytea       NOT NULL
) PARTITION BY RANGE (hour);
CREATE INDEX head_series ON metrics.head (series_id);

-- Closed hours: the samples of a series in order, packed (see domain/packing.py). A partition is a day.
CREATE TABLE metrics.chunks (
    series_id bigint      NOT NULL,
    hour      timestamptz NOT NULL,
    samples   integer     NOT NULL,
    data      bytea       NOT NULL,
    PRIMARY KEY (series_id, hour)
) PARTITION BY RANGE (hour);

-- Rollups of closed hours (see domain/rollups.py): the sixty minutes of an hour, and the 24 hours of a day. A partition is a month.
CREATE TABLE metrics.minutes (
    series_id bigint      NOT NULL,
    hour      timestamptz NOT NULL,
    data      bytea       NOT NULL,
    PRIMARY KEY (series_id, hour)
) PARTITION BY RANGE (hour);
CREATE TABLE metrics.hours (
    series_id bigint      NOT NULL,
    hour      timestamptz NOT NULL, -- the day's first
    data      bytea       NOT NULL,
    PRIMARY KEY (series_id, hour)
) PARTITION BY RANGE (hour);

ALTER TABLE metrics.head ALTER COLUMN data SET STORAGE EXTERNAL;
ALTER TABLE metrics.chunks ALTER COLUMN data SET STORAGE EXTERNAL;
ALTER TABLE metrics.minutes ALTER COLUMN data SET STORAGE EXTERNAL;
ALTER TABLE metrics.hours ALTER COLUMN data SET STORAGE EXTERNAL;

-- Make the partitions of a table that hold these moments, a partition an `hour`, `day` or `month`, where they are missing.
-- Attaching lets others read and write meanwhile; the advisory lock lets only one make them.
CREATE FUNCTION metrics.make_partitions(parent text, span text, moments timestamptz[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    begins timestamptz;
    partition text;
BEGIN
    FOR begins IN SELECT DISTINCT date_trunc(span, moment, 'UTC') FROM unnest(moments) AS moment ORDER BY 1 LOOP
        partition := parent || to_char(begins AT TIME ZONE 'UTC', '_YYYYMMDDHH24');
        CONTINUE WHEN to_regclass('metrics.' || partition) IS NOT NULL;
        PERFORM pg_advisory_xact_lock(hashtext('metrics partitions'));
        CONTINUE WHEN to_regclass('metrics.' || partition) IS NOT NULL;
        EXECUTE format('CREATE TABLE metrics.%I (LIKE metrics.%I INCLUDING ALL) WITH (toast_tuple_target = 8160)', partition, parent);
        EXECUTE format(
            'ALTER TABLE metrics.%I ATTACH PARTITION metrics.%I FOR VALUES FROM (%L) TO (%L)',
            parent, partition, begins, begins AT TIME ZONE 'UTC' + ('1 ' || span)::interval || 'UTC'
        );
    END LOOP;
END $$;

-- What was kept before, into the head. The version that still runs goes on with its own tables.
DO $$
BEGIN
    CREATE TEMPORARY TABLE moved ON COMMIT DROP AS
    SELECT series.organization_id, series.name, series.tags, keyed.id, samples.at, samples.value
    FROM metrics.samples
    JOIN metrics.series ON series.id = samples.series_id
    CROSS JOIN LATERAL (
        SELECT series.name || coalesce('{' || string_agg(
            label.key || '="' || replace(replace(replace(label.value, '\', '\\'), '"', '\"'), chr(10), '\n') || '"',
            ',' ORDER BY label.key COLLATE "C") FILTER (WHERE label.value <> '') || '}', '') AS key
        FROM jsonb_each_text(series.tags) AS label
    ) AS text
    CROSS JOIN LATERAL (
        SELECT ('x' || encode(substring(sha256(convert_to(series.organization_id || ' ' || text.key, 'UTF8')) FOR 8), 'hex'))::bit(64)::bigint
            AS id
    ) AS keyed;
    PERFORM metrics.make_partitions('head', 'hour', array_agg(at)) FROM moved;
    INSERT INTO metrics.known_series SELECT DISTINCT id, organization_id, name, tags FROM moved ON CONFLICT DO NOTHING;
    INSERT INTO metrics.head
    SELECT id, date_trunc('hour', at, 'UTC'), int8send((extract(epoch FROM at) * 1000)::bigint) || float8send(value) FROM moved;
END $$;

-- migrate:down
DROP TABLE metrics.head, metrics.chunks, metrics.minutes, metrics.hours, metrics.known_series, metrics.descriptions, metrics.refusals;
DROP FUNCTION metrics.make_partitions;
