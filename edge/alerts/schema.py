"""The tables of alerts.db, step by step; a step that has shipped is never edited. All times are UTC text of one width."""

STEPS = (
    """
CREATE TABLE identity (birth TEXT NOT NULL);  -- makes request ids of this ledger differ from those of one lost before
INSERT INTO identity VALUES (lower(hex(randomblob(4))));

CREATE TABLE contacts (
    id INTEGER PRIMARY KEY,
    identity TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    sms TEXT,
    fixed TEXT,
    service TEXT NOT NULL
);
CREATE TABLE lists (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL);
-- source: the file that put the person on the list; the same file again replaces what it said before.
CREATE TABLE members (
    list INTEGER NOT NULL REFERENCES lists, contact INTEGER NOT NULL REFERENCES contacts, source TEXT NOT NULL,
    PRIMARY KEY (list, contact, source)
) WITHOUT ROWID;
CREATE INDEX members_contact ON members (contact);
CREATE TABLE versions (contacts INTEGER NOT NULL);
INSERT INTO versions VALUES (0);

CREATE TABLE campaigns (
    number INTEGER PRIMARY KEY,
    request_id TEXT NOT NULL UNIQUE,
    scenario TEXT NOT NULL,
    title TEXT NOT NULL,
    exercise INTEGER NOT NULL,
    text TEXT NOT NULL,
    reminder_text TEXT NOT NULL,
    accepted_at TEXT NOT NULL,
    actor TEXT NOT NULL,
    contacts_version INTEGER NOT NULL,
    reminder_after_s REAL NOT NULL,
    reminders INTEGER NOT NULL
);
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY,
    campaign INTEGER NOT NULL REFERENCES campaigns,
    contact TEXT NOT NULL,
    number TEXT,
    state TEXT NOT NULL,
    answer TEXT NOT NULL,
    answered_at TEXT,
    answer_text TEXT,
    reminders INTEGER NOT NULL DEFAULT 0,
    maybe_dup INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    due_at TEXT
);
CREATE INDEX deliveries_campaign ON deliveries (campaign);
CREATE INDEX deliveries_number ON deliveries (number);
CREATE INDEX deliveries_due ON deliveries (due_at) WHERE due_at IS NOT NULL;
-- One message to one person: ordinal 0 is the first, 1 the first reminder.
CREATE TABLE dispatches (
    id INTEGER PRIMARY KEY,
    request_id TEXT NOT NULL UNIQUE,
    delivery INTEGER NOT NULL REFERENCES deliveries,
    ordinal INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    handed INTEGER NOT NULL DEFAULT 0,  -- the modem daemon has it, durably
    state TEXT NOT NULL DEFAULT 'queued',
    maybe_dup INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    refused INTEGER NOT NULL DEFAULT 0,
    moved_at TEXT,
    UNIQUE (delivery, ordinal)
);
CREATE INDEX dispatches_waiting ON dispatches (id) WHERE handed = 0;

CREATE TABLE inbound (
    id INTEGER PRIMARY KEY,
    seq INTEGER NOT NULL,
    number TEXT NOT NULL,
    text TEXT NOT NULL,
    received_at TEXT NOT NULL,
    answer TEXT NOT NULL,
    delivery INTEGER REFERENCES deliveries
);
CREATE TABLE cursors (inbox INTEGER NOT NULL, outbox INTEGER NOT NULL);
INSERT INTO cursors VALUES (0, 0);

CREATE TABLE journal (id INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, data TEXT NOT NULL);
CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal BEGIN SELECT RAISE(ABORT, 'journal: append only'); END;
CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal BEGIN SELECT RAISE(ABORT, 'journal: append only'); END;
CREATE TRIGGER inbound_no_update BEFORE UPDATE ON inbound BEGIN SELECT RAISE(ABORT, 'inbound: append only'); END;
CREATE TRIGGER inbound_no_delete BEFORE DELETE ON inbound BEGIN SELECT RAISE(ABORT, 'inbound: append only'); END;
""",
)
