-- Of what is due at the same moment the first decided goes first: neighbours in the table are written together.
DROP INDEX delivery_waiting;
CREATE INDEX delivery_waiting ON delivery (due_at, channel) WHERE state = 'pending';

-- SQLite builds a list in a CHECK as a table of its own, at each change of a row. What is stored stays as it is, so the
-- text may be changed in place ("ALTER TABLE", section 7, the simpler of the two procedures).
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql,
    'state IN (''pending'', ''sending'', ''sent'', ''failed'', ''unknown'', ''cancelled'')',
    'state = ''pending'' OR state = ''sending'' OR state = ''sent'' OR state = ''failed'' OR state = ''unknown'' OR state = ''cancelled''')
WHERE type = 'table' AND name = 'delivery';
PRAGMA writable_schema = RESET;
