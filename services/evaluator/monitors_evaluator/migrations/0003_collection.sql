-- migrate:up
SET LOCAL lock_timeout = '5s';

-- A deleted monitor can be brought back until `erase_at`; `document` is null meanwhile, so that nothing finds it. `search` is
-- name, prompt, address and fact, folded, each on a line.
ALTER TABLE evaluator.monitors ADD COLUMN deleted_document jsonb;
ALTER TABLE evaluator.monitors ADD COLUMN erase_at timestamptz;
ALTER TABLE evaluator.monitors ADD COLUMN search text NOT NULL DEFAULT '';
CREATE INDEX monitors_to_erase ON evaluator.monitors (erase_at) WHERE erase_at IS NOT NULL;

UPDATE evaluator.monitors SET search = lower(concat_ws(
    E'\n', document ->> 'name', document ->> 'prompt', document #>> '{interpretation,url}', document #>> '{interpretation,fact}'
)) WHERE document IS NOT NULL;

-- migrate:down
SET LOCAL lock_timeout = '5s';
DELETE FROM evaluator.evaluations USING evaluator.monitors
WHERE evaluations.organization_id = monitors.organization_id AND monitor_id = monitors.id AND monitors.document IS NULL;
UPDATE evaluator.monitors SET version = 2147483647, reading = NULL, content_hash = NULL, user_id = NULL WHERE document IS NULL;
DROP INDEX evaluator.monitors_to_erase;
ALTER TABLE evaluator.monitors DROP COLUMN search;
ALTER TABLE evaluator.monitors DROP COLUMN erase_at;
ALTER TABLE evaluator.monitors DROP COLUMN deleted_document;
