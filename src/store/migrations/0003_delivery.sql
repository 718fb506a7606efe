-- Who is told, beside the notification: the cap for each person asks for it with every claim.
ALTER TABLE delivery ADD COLUMN recipient TEXT NOT NULL DEFAULT '';
UPDATE delivery SET recipient = (SELECT recipient FROM notification WHERE notification.id = delivery.notification_id);
CREATE INDEX delivery_had ON delivery (recipient, finished_at) WHERE state = 'sent';
-- Every index costs each message a page or two; this one served a question of once a morning.
DROP INDEX delivery_sent;
-- How often an administrator had it sent again, and what they add to it.
ALTER TABLE delivery ADD COLUMN resent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN note TEXT;

-- By which a returned message is recognised.
ALTER TABLE attempt ADD COLUMN message_id TEXT;

-- Since when it fails; whether its messages take their recipients' next routes meanwhile; what is wrong.
ALTER TABLE channel ADD COLUMN down_since INTEGER;
ALTER TABLE channel ADD COLUMN diverts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channel ADD COLUMN detail TEXT;

-- Addresses from which messages came back.
CREATE TABLE bounce (
    address TEXT PRIMARY KEY,
    detail TEXT NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What an administrator did to a delivery; append only.
CREATE TABLE intervention (
    id INTEGER PRIMARY KEY,
    delivery_id INTEGER NOT NULL REFERENCES delivery (id),
    kind TEXT NOT NULL CHECK (kind IN ('retry', 'cancel', 'resend')),
    by_whom TEXT NOT NULL,
    note TEXT NOT NULL,
    happened_at INTEGER NOT NULL
) STRICT;
CREATE INDEX intervention_delivery ON intervention (delivery_id);

-- Chats of the Zalo bot that people linked by a code of their own; a code is kept as its hash.
CREATE TABLE zalo_link (
    person TEXT PRIMARY KEY,
    chat TEXT NOT NULL,
    linked_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE zalo_code (
    code_hash TEXT PRIMARY KEY,
    person TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
