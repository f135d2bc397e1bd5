-- migrate:up
SET LOCAL lock_timeout = '5s';

-- What lists are narrowed by: an alert's own labels.
CREATE INDEX alerts_by_labels ON alerter.alerts USING gin ((document->'labels') jsonb_path_ops);

-- migrate:down
SET LOCAL lock_timeout = '5s';
DROP INDEX alerter.alerts_by_labels;
