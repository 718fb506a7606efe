-- What people reported, of every kind; append only. The body is the report as JSON.
CREATE TABLE report (
    id INTEGER PRIMARY KEY,
    subject TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    reported_by TEXT NOT NULL,
    reported_from TEXT NOT NULL,
    reported_on TEXT NOT NULL,
    recorded_at INTEGER NOT NULL
) STRICT;
CREATE INDEX report_subject ON report (subject);
INSERT INTO report (id, subject, kind, body, reported_by, reported_from, reported_on, recorded_at)
    SELECT id, subject, kind, json_object('kind', kind, 'done_on', happened_on, 'product', product), reported_by, 'cli', happened_on, recorded_at
    FROM event;
-- Takes its trigger along: a reader knows by the highest id what is new.
DROP TABLE event;

-- The end of the silence after which it was said, and for whom the recipient read.
ALTER TABLE notification ADD COLUMN resumed_on TEXT;
ALTER TABLE notification ADD COLUMN on_behalf_of TEXT;
DROP INDEX notification_told;
CREATE INDEX notification_told ON notification (subject, revision_on, audience, recipient, resumed_on, offset_days)
    WHERE withdrawn_at IS NULL AND closed_at IS NULL;

-- Held back because its recipient had had enough messages that day; the first time it should have left.
ALTER TABLE delivery ADD COLUMN deferred_at INTEGER;
-- How many messages an address got today.
CREATE INDEX delivery_sent ON delivery (finished_at, channel, address, batch) WHERE state = 'sent';
