-- migrate:up
SET LOCAL lock_timeout = '5s';

-- Whether a partition is there is asked of the catalog itself: `to_regclass` may answer from what this connection saw before
-- another one made or dropped it, and taking an advisory lock does not refresh that.
CREATE OR REPLACE FUNCTION metrics.make_partitions(parent text, span text, moments timestamptz[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    begins timestamptz;
    partition text;
BEGIN
    FOR begins IN SELECT DISTINCT date_trunc(span, moment, 'UTC') FROM unnest(moments) AS moment ORDER BY 1 LOOP
        partition := parent || to_char(begins AT TIME ZONE 'UTC', '_YYYYMMDDHH24');
        CONTINUE WHEN EXISTS (SELECT FROM pg_class WHERE relname = partition AND relnamespace = 'metrics'::regnamespace);
        PERFORM pg_advisory_xact_lock(hashtext('metrics partitions'));
        CONTINUE WHEN EXISTS (SELECT FROM pg_class WHERE relname = partition AND relnamespace = 'metrics'::regnamespace);
        EXECUTE format('CREATE TABLE metrics.%I (LIKE metrics.%I INCLUDING ALL) WITH (toast_tuple_target = 8160)', partition, parent);
        EXECUTE format(
            'ALTER TABLE metrics.%I ATTACH PARTITION metrics.%I FOR VALUES FROM (%L) TO (%L)',
            parent, partition, begins, begins AT TIME ZONE 'UTC' + ('1 ' || span)::interval || 'UTC'
        );
    END LOOP;
END $$;

-- migrate:down
CREATE OR REPLACE FUNCTION metrics.make_partitions(parent text, span text, moments timestamptz[]) RETURNS void LANGUAGE plpgsql AS $$
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
