-- migrate:up
SET LOCAL lock_timeout = '5s';

-- What happened to an alert: its own events, and what people said. `document` is the whole step.
CREATE TABLE alerter.timeline (
    organization_id uuid        NOT NULL,
    alert_id        uuid        NOT NULL,
    key             text        NOT NULL,
    at              timestamptz NOT NULL,
    document        jsonb       NOT NULL,
    PRIMARY KEY (organization_id, alert_id, key)
);
CREATE INDEX timeline_newest ON alerter.timeline (organization_id, alert_id, at DESC);
CREATE INDEX timeline_of_alert ON alerter.timeline (alert_id);

-- Of alerts from before what they tell themselves; `monitors replay alerter` brings the rest.
INSERT INTO alerter.timeline (organization_id, alert_id, key, at, document)
SELECT organization_id, id, '1', started_at,
    jsonb_build_object('key', '1', 'kind', 'opened', 'at', document->'startedAt')
FROM alerter.alerts
UNION ALL
SELECT organization_id, id, '2', (document->>'acknowledgedAt')::timestamptz,
    jsonb_build_object(
        'key', '2', 'kind', 'acknowledged', 'at', document->'acknowledgedAt', 'userId', document->'acknowledgedBy',
        'note', document->'note'
    )
FROM alerter.alerts WHERE document->>'acknowledgedAt' IS NOT NULL
UNION ALL
SELECT organization_id, id, version::text, resolved_at,
    jsonb_build_object(
        'key', version::text, 'kind', 'resolved', 'at', document->'resolvedAt', 'userId', document->'resolvedBy',
        'note', CASE WHEN document->>'acknowledgedAt' IS NULL THEN document->'note' END
    )
FROM alerter.alerts WHERE resolved_at IS NOT NULL AND version > 1
ON CONFLICT DO NOTHING;

-- What lists are narrowed by.
ALTER TABLE alerter.alerts ADD COLUMN severity text NOT NULL DEFAULT 'warning';
UPDATE alerter.alerts SET severity = document->>'severity' WHERE document->>'severity' <> 'warning';
CREATE INDEX alerts_by_state ON alerter.alerts (organization_id, state, id DESC);
CREATE INDEX alerts_by_severity ON alerter.alerts (organization_id, severity, state, id DESC);

-- migrate:down
DROP INDEX alerter.alerts_by_severity;
DROP INDEX alerter.alerts_by_state;
ALTER TABLE alerter.alerts DROP COLUMN severity;
DROP TABLE alerter.timeline;
