-- migrate:up
SET LOCAL lock_timeout = '5s';

-- The history of one monitor by how its checks ended, newest first, however rare the verdict is.
CREATE INDEX evaluations_by_verdict ON evaluator.evaluations (monitor_id, (document ->> 'verdict'), id DESC);

-- migrate:down
DROP INDEX evaluator.evaluations_by_verdict;
