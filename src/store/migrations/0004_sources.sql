-- Dossiers with all that sources know of them, a number of their own and a fingerprint of the row as it was read: a
-- poll looks each row up and writes only what changed.
CREATE TABLE dossier_known (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    code TEXT NOT NULL,
    native_id TEXT,
    procedure_code TEXT,
    procedure TEXT,
    field TEXT,
    agency TEXT,
    step TEXT,
    unit TEXT,
    handler TEXT,
    applicant TEXT,
    received_at INTEGER,
    due_at INTEGER,
    extended_due_at INTEGER,
    step_due_at INTEGER,
    resolved_at INTEGER,
    returned_at INTEGER,
    is_online INTEGER,
    is_by_post INTEGER,
    is_paid_online INTEGER,
    status TEXT NOT NULL,
    status_raw TEXT NOT NULL,
    link TEXT,
    -- None: the next answer is read as if it were new.
    row_print INTEGER,
    first_seen_at INTEGER NOT NULL,
    -- When the row last changed; an unchanged one was seen with the source's last full answer.
    seen_at INTEGER NOT NULL,
    missing_polls INTEGER NOT NULL DEFAULT 0,
    closed_at INTEGER,
    -- Whether it was seen open before it ended.
    was_watched INTEGER NOT NULL DEFAULT 0,
    -- It ended late, and the apology or the explanation has not been recorded.
    owes INTEGER NOT NULL DEFAULT 0,
    -- The later of both appointments.
    due_in_force INTEGER,
    -- Due so soon that a decision may have to speak of it. Set with the row, and once a day for all.
    is_near INTEGER NOT NULL DEFAULT 1
) STRICT;
INSERT INTO dossier_known (source, code, procedure, field, agency, step, received_at, due_at, extended_due_at, status, status_raw,
                           first_seen_at, seen_at, missing_polls, closed_at, was_watched, due_in_force)
    SELECT source, code, procedure, field, agency, step, received_at, due_at, extended_due_at, status, status_raw,
           first_seen_at, seen_at, missing_polls, closed_at, 1, max(due_at, coalesce(extended_due_at, 0))
    FROM dossier;
DROP TABLE dossier;
ALTER TABLE dossier_known RENAME TO dossier;
-- The number first: it differs where the source does not.
CREATE UNIQUE INDEX dossier_code ON dossier (code, source);
CREATE INDEX dossier_open ON dossier (source) WHERE closed_at IS NULL;
CREATE INDEX dossier_near ON dossier (due_in_force) WHERE is_near = 1 AND closed_at IS NULL;
CREATE INDEX dossier_owing ON dossier (source) WHERE owes = 1;

-- Refused accounts in a row: after some the source is left alone, before the system locks the account.
ALTER TABLE source ADD COLUMN denials INTEGER NOT NULL DEFAULT 0;
-- The last answer that was whole and believed; a source of excerpts succeeds without one.
ALTER TABLE source ADD COLUMN full_at INTEGER;
UPDATE source SET full_at = succeeded_at;

-- Exported files that were taken, by what they held; the same may come again later and be news.
CREATE TABLE source_file (
    source TEXT NOT NULL,
    digest TEXT NOT NULL,
    name TEXT NOT NULL,
    modified_at INTEGER NOT NULL,
    taken_at INTEGER NOT NULL,
    PRIMARY KEY (source, digest)
) STRICT, WITHOUT ROWID;

-- What a target reached, entered by hand with its document; append only.
CREATE TABLE target_value (
    id INTEGER PRIMARY KEY,
    target TEXT NOT NULL,
    measured_on TEXT NOT NULL,
    value REAL NOT NULL,
    document TEXT NOT NULL,
    entered_by TEXT NOT NULL,
    entered_at INTEGER NOT NULL
) STRICT;
CREATE INDEX target_value_of ON target_value (target, measured_on);
