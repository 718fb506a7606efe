-- Instants are seconds since 1970 in UTC (…_at), civil dates are YYYY-MM-DD (…_on).

-- What people reported about occurrences; append only.
CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    subject TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('completed')),
    happened_on TEXT NOT NULL,
    product TEXT NOT NULL,
    reported_by TEXT NOT NULL,
    recorded_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX event_completed_once ON event (subject) WHERE kind = 'completed';

-- Dossiers of one-stop systems; nothing about applicants.
CREATE TABLE dossier (
    source TEXT NOT NULL,
    code TEXT NOT NULL,
    procedure TEXT,
    field TEXT,
    agency TEXT,
    step TEXT,
    received_at INTEGER,
    due_at INTEGER,
    extended_due_at INTEGER,
    status TEXT NOT NULL,
    status_raw TEXT NOT NULL,
    first_seen_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    missing_polls INTEGER NOT NULL DEFAULT 0,
    closed_at INTEGER,
    PRIMARY KEY (source, code)
) STRICT, WITHOUT ROWID;
CREATE INDEX dossier_open ON dossier (source) WHERE closed_at IS NULL;

CREATE TABLE source (
    source TEXT PRIMARY KEY,
    polled_at INTEGER,
    succeeded_at INTEGER,
    failures INTEGER NOT NULL DEFAULT 0,
    paused_until INTEGER NOT NULL DEFAULT 0,
    believed_count INTEGER NOT NULL DEFAULT 0,
    short_since_on TEXT
) STRICT, WITHOUT ROWID;

-- A decision that somebody be told; the key makes it unique for ever.
CREATE TABLE notification (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    subject TEXT NOT NULL,
    revision_on TEXT NOT NULL,
    offset_days INTEGER NOT NULL,
    audience TEXT NOT NULL,
    recipient TEXT NOT NULL,
    reason TEXT NOT NULL,
    item TEXT NOT NULL,
    advice TEXT,
    routes TEXT NOT NULL,
    merged_into TEXT,
    decided_at INTEGER NOT NULL,
    -- Taken back before it left: to be told anew should it become due again.
    withdrawn_at INTEGER,
    -- Its subject is done, closed or resolved: no decision needs it any more.
    closed_at INTEGER
) STRICT;
CREATE INDEX notification_subject ON notification (subject);
CREATE INDEX notification_carrier ON notification (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX notification_decided ON notification (decided_at);
-- Each decision reads this index and not the table: what open work was told about, strongest rung last.
CREATE INDEX notification_told ON notification (subject, revision_on, audience, recipient, offset_days)
    WHERE withdrawn_at IS NULL AND closed_at IS NULL;

-- A notification on one channel to one address.
CREATE TABLE delivery (
    id INTEGER PRIMARY KEY,
    notification_id INTEGER NOT NULL REFERENCES notification (id),
    route INTEGER NOT NULL,
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'sent', 'failed', 'unknown', 'cancelled')),
    due_at INTEGER NOT NULL,
    lease_until INTEGER,
    batch INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    may_be_duplicate INTEGER NOT NULL DEFAULT 0,
    finished_at INTEGER,
    detail TEXT,
    UNIQUE (notification_id, channel, address)
) STRICT;
CREATE INDEX delivery_waiting ON delivery (due_at, channel, address) WHERE state = 'pending';
CREATE INDEX delivery_of_address ON delivery (channel, address) WHERE state = 'pending';
CREATE INDEX delivery_of_batch ON delivery (batch) WHERE batch IS NOT NULL;
CREATE INDEX delivery_in_hand ON delivery (lease_until) WHERE state = 'sending';
CREATE INDEX delivery_in_doubt ON delivery (due_at) WHERE state = 'unknown';
CREATE INDEX delivery_undelivered ON delivery (finished_at) WHERE state IN ('failed', 'unknown');

-- One try: written before the message leaves, completed afterwards.
CREATE TABLE attempt (
    id INTEGER PRIMARY KEY,
    batch INTEGER NOT NULL,
    channel TEXT NOT NULL,
    deliveries TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    outcome TEXT,
    detail TEXT
) STRICT;
CREATE INDEX attempt_batch ON attempt (batch);

CREATE TABLE channel (
    channel TEXT PRIMARY KEY,
    failures INTEGER NOT NULL DEFAULT 0,
    paused_until INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- What is wrong and needs a person.
CREATE TABLE problem (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    sentence TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    resolved_at INTEGER
) STRICT;
CREATE UNIQUE INDEX problem_open_once ON problem (key) WHERE resolved_at IS NULL;

CREATE TABLE pass (
    name TEXT PRIMARY KEY,
    finished_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Counts changes of what a decision knows of the past, by any process: while it stands still, the store
-- need not read a year again each minute.
CREATE TABLE change (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    n INTEGER NOT NULL
) STRICT;
INSERT INTO change (id, n) VALUES (1, 0);
CREATE TRIGGER event_added AFTER INSERT ON event BEGIN
    UPDATE change SET n = n + 1;
END;
CREATE TRIGGER notification_added AFTER INSERT ON notification BEGIN
    UPDATE change SET n = n + 1;
END;
CREATE TRIGGER notification_changed AFTER UPDATE OF withdrawn_at, closed_at ON notification BEGIN
    UPDATE change SET n = n + 1;
END;
