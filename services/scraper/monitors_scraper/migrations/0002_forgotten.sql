-- migrate:up

-- Monitors that were deleted: a fetch that ends after its monitor leaves nothing behind.
CREATE TABLE scraper.forgotten (
    organization_id uuid NOT NULL,
    monitor_id      uuid NOT NULL,
    PRIMARY KEY (organization_id, monitor_id)
);

-- migrate:down
DROP TABLE scraper.forgotten;
