"""The tables of modem.db, step by step; a step once released is never changed."""

from __future__ import annotations

STEPS = (
    """
    CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
    INSERT INTO counters VALUES ('change', 0);

    CREATE TABLE messages (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        request_id TEXT NOT NULL UNIQUE,
        number TEXT NOT NULL,
        phone_key TEXT NOT NULL,
        text TEXT NOT NULL,
        encoding TEXT NOT NULL,
        parts INTEGER NOT NULL,
        concatenation INTEGER NOT NULL,  -- the same for every sending of every part
        modem TEXT,                      -- parts of one message must come from one number
        queued_at TEXT NOT NULL,
        change INTEGER NOT NULL
    );
    CREATE INDEX messages_by_phone ON messages (phone_key, id);
    CREATE UNIQUE INDEX messages_by_change ON messages (change);

    CREATE TABLE segments (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        message INTEGER NOT NULL REFERENCES messages (id),
        number INTEGER NOT NULL,
        text TEXT NOT NULL,
        state TEXT NOT NULL,
        reference INTEGER,
        attempts INTEGER NOT NULL DEFAULT 0,
        maybe_dup INTEGER NOT NULL DEFAULT 0,
        modem TEXT,
        error TEXT,
        not_before TEXT NOT NULL,
        uncertain_since TEXT,
        updated_at TEXT NOT NULL,
        UNIQUE (message, number)
    );
    CREATE INDEX segments_by_state ON segments (state, id);

    CREATE TABLE attempts (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        segment INTEGER NOT NULL REFERENCES segments (id),
        modem TEXT NOT NULL,
        phone_key TEXT NOT NULL,
        claimed_at TEXT NOT NULL,
        predicted INTEGER,
        outcome TEXT NOT NULL,
        reference INTEGER,
        taken_at TEXT,                   -- TP-SCTS of a report: the network's clock
        status INTEGER,                  -- TP-ST of its final report
        reported_at TEXT
    );
    CREATE INDEX attempts_by_phone ON attempts (modem, phone_key, id);
    CREATE INDEX attempts_by_time ON attempts (claimed_at);

    CREATE TABLE inbox (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        number TEXT NOT NULL,
        text TEXT NOT NULL,
        sent_at TEXT NOT NULL,
        received_at TEXT NOT NULL,
        complete INTEGER NOT NULL
    );
    CREATE TABLE inbound_parts (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        modem TEXT NOT NULL,
        number TEXT NOT NULL,
        reference INTEGER NOT NULL,
        total INTEGER NOT NULL,
        part INTEGER NOT NULL,
        text TEXT NOT NULL,
        sent_at TEXT NOT NULL,
        received_at TEXT NOT NULL,
        UNIQUE (modem, number, reference, total, part)
    );

    CREATE TABLE taken (                 -- read from a modem and committed here, not yet deleted there
        modem TEXT NOT NULL,
        storage TEXT NOT NULL,
        place INTEGER NOT NULL,
        pdu TEXT NOT NULL,
        PRIMARY KEY (modem, storage, place)
    ) WITHOUT ROWID;
    CREATE TABLE unreadable (id INTEGER PRIMARY KEY AUTOINCREMENT, modem TEXT, pdu TEXT, received_at TEXT);
    """,
    """
    ALTER TABLE messages ADD COLUMN severity TEXT NOT NULL DEFAULT 'routine';
    ALTER TABLE segments ADD COLUMN rank INTEGER NOT NULL DEFAULT 2;  -- of the severity: the smallest goes first
    CREATE INDEX segments_by_rank ON segments (state, rank, id);
    DROP INDEX segments_by_state;

    ALTER TABLE attempts ADD COLUMN sim TEXT;  -- IMSI, or the modem's name where it does not tell
    ALTER TABLE attempts ADD COLUMN rank INTEGER NOT NULL DEFAULT 2;
    CREATE INDEX attempts_by_sim ON attempts (sim, rank, claimed_at);
    CREATE TABLE recipients (            -- whom each SIM wrote to in each month (UTC): operators count them
        sim TEXT NOT NULL,
        month TEXT NOT NULL,
        phone_key TEXT NOT NULL,
        PRIMARY KEY (sim, month, phone_key)
    ) WITHOUT ROWID;
    """,
    """
    CREATE TABLE long_messages (         -- received in parts
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        number TEXT NOT NULL,
        reference INTEGER NOT NULL,
        wide INTEGER NOT NULL,           -- the reference has 16 bits
        total INTEGER NOT NULL,
        last_at TEXT NOT NULL,           -- when its last part came
        shown INTEGER,                   -- the seq it has in the inbox
        waiting INTEGER NOT NULL DEFAULT 1  -- something of it is not in the inbox
    );
    CREATE INDEX long_messages_alike ON long_messages (number, reference, wide, total);
    CREATE INDEX long_messages_waiting ON long_messages (last_at) WHERE waiting;
    CREATE TABLE long_parts (
        message INTEGER NOT NULL REFERENCES long_messages (id),
        part INTEGER NOT NULL,
        alphabet TEXT NOT NULL,
        locking INTEGER NOT NULL,        -- national languages of the tables
        single INTEGER NOT NULL,
        octets BLOB NOT NULL,            -- as it came: letters may be cut between two parts
        sent_at TEXT NOT NULL,
        cut INTEGER NOT NULL,
        PRIMARY KEY (message, part)
    ) WITHOUT ROWID;
    INSERT INTO inbox (number, text, sent_at, received_at, complete)
        SELECT number, group_concat(text, '[…]'), min(sent_at), max(received_at), 0
        FROM inbound_parts GROUP BY modem, number, reference, total;
    DROP TABLE inbound_parts;

    ALTER TABLE inbox ADD COLUMN replaces INTEGER;  -- the seq of what was shown of it before
    CREATE INDEX inbox_by_sender ON inbox (number, sent_at);

    CREATE TABLE aside (                 -- received, and no message from a person
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        reason TEXT NOT NULL,            -- unreadable, waiting, data, silent
        modem TEXT NOT NULL,
        number TEXT,
        text TEXT,
        pdu TEXT,
        received_at TEXT NOT NULL
    );
    INSERT INTO aside (reason, modem, pdu, received_at) SELECT 'unreadable', modem, pdu, received_at FROM unreadable;
    DROP TABLE unreadable;

    CREATE TABLE taken_in_order (        -- read from a modem and committed here, not yet deleted there
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        modem TEXT NOT NULL,
        storage TEXT NOT NULL,
        place INTEGER NOT NULL,
        pdu TEXT NOT NULL,
        UNIQUE (modem, storage, place)
    );
    INSERT INTO taken_in_order (modem, storage, place, pdu) SELECT modem, storage, place, pdu FROM taken;
    DROP TABLE taken;
    ALTER TABLE taken_in_order RENAME TO taken;
    """,
    """
    CREATE TABLE bulletins (             -- the box's own SMS about its state; one is written once and sent once
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        made_at TEXT NOT NULL,
        asked_by INTEGER,                -- seq of the inbox; NULL: a change of level, for every technician
        number TEXT,                     -- who asked
        was INTEGER,                     -- the change of level
        level INTEGER,
        since TEXT,
        isolated_since TEXT,
        text TEXT,                       -- NULL until written; then never changed: it may be in the outbox
        queued INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX bulletins_owed ON bulletins (queued, id);
    CREATE TABLE watch (                 -- one row: how far the inbox was read for ETAT, and the level that was told
        id INTEGER PRIMARY KEY CHECK (id = 1),
        inbox_read INTEGER NOT NULL,
        told INTEGER NOT NULL DEFAULT 0,
        seen INTEGER,
        seen_since TEXT,
        isolated_since TEXT
    );
    INSERT INTO watch (id, inbox_read) SELECT 1, coalesce(max(seq), 0) FROM inbox;
    """,
    """
    CREATE TABLE pin_tries (             -- each PIN on each SIM, before the modem gets it
        modem TEXT NOT NULL,
        iccid TEXT NOT NULL,             -- empty where the modem did not tell
        pin TEXT NOT NULL,               -- a digest: to tell one from another, no protection of four digits
        outcome TEXT NOT NULL,
        at TEXT NOT NULL,
        PRIMARY KEY (modem, iccid, pin)
    ) WITHOUT ROWID;
    CREATE TABLE sims (                  -- the SIM last seen in each modem, and the one that was there before
        modem TEXT PRIMARY KEY,
        iccid TEXT,
        imsi TEXT,
        before_iccid TEXT,
        before_imsi TEXT,
        swapped_at TEXT                  -- NULL: no swap that nobody acknowledged
    ) WITHOUT ROWID;
    CREATE TABLE signal (                -- what each modem received, in steps of five minutes and of an hour
        modem TEXT NOT NULL,
        step_s INTEGER NOT NULL,
        start_s INTEGER NOT NULL,        -- UTC, seconds since 1970
        looks INTEGER NOT NULL,
        unregistered INTEGER NOT NULL,   -- looks without a network
        low_dbm REAL,
        mean_dbm REAL,
        high_dbm REAL,
        rsrq_db REAL,
        sinr_db REAL,
        technology TEXT,
        cell INTEGER,
        PRIMARY KEY (modem, step_s, start_s)
    ) WITHOUT ROWID;
    CREATE TABLE radio_events (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        at TEXT NOT NULL,
        modem TEXT NOT NULL,
        kind TEXT NOT NULL,
        data TEXT NOT NULL
    );
    CREATE TABLE self_tests (
        token TEXT PRIMARY KEY,
        modem TEXT NOT NULL,
        number TEXT NOT NULL,
        request_id TEXT NOT NULL UNIQUE,
        begun_at TEXT NOT NULL,
        received_at TEXT,
        ended_at TEXT,
        failed_step TEXT
    ) WITHOUT ROWID;
    """,
    """
    CREATE TABLE marks (                 -- the last number given in a table when each hour of running began
        counted TEXT NOT NULL,
        hour INTEGER NOT NULL,
        last INTEGER NOT NULL,
        PRIMARY KEY (counted, hour)
    ) WITHOUT ROWID;
    INSERT INTO counters VALUES ('running_s', 0);
    CREATE INDEX attempts_by_segment ON attempts (segment);
    """,
    """
    -- A gateway is a way like a modem: the columns `modem` hold its name.
    ALTER TABLE attempts ADD COLUMN gateway_id TEXT;  -- the message id it gave, as its receipts repeat it
    CREATE INDEX attempts_by_gateway_id ON attempts (modem, gateway_id) WHERE gateway_id IS NOT NULL;
    ALTER TABLE segments ADD COLUMN left_to_modems INTEGER NOT NULL DEFAULT 0;  -- a gateway refused the message
    CREATE INDEX segments_left_to_modems ON segments (state, rank, id) WHERE left_to_modems;
    CREATE INDEX segments_by_due ON segments (state, not_before);
    """,
    """
    CREATE TABLE calls (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        request_id TEXT UNIQUE,          -- none for a call from outside
        modem TEXT NOT NULL,
        incoming INTEGER NOT NULL,
        number TEXT,
        state TEXT NOT NULL,
        cause TEXT,
        detail TEXT NOT NULL DEFAULT '',
        started_at TEXT NOT NULL,
        answered_at TEXT,
        ended_at TEXT
    );
    CREATE INDEX calls_in_progress ON calls (id) WHERE ended_at IS NULL;
    CREATE TABLE dialogues (             -- USSD
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        request_id TEXT NOT NULL UNIQUE,
        modem TEXT NOT NULL,
        code TEXT NOT NULL,
        outcome TEXT NOT NULL,
        text TEXT NOT NULL,
        asked_at TEXT NOT NULL
    );
    """,
    """
    -- Ages are counted in seconds of running (age.py), not by the wall clock. What waits already is as new as this step.
    ALTER TABLE messages ADD COLUMN accepted_s REAL NOT NULL DEFAULT 0;
    ALTER TABLE messages ADD COLUMN validity_s REAL NOT NULL DEFAULT 86400;
    ALTER TABLE messages ADD COLUMN network_s REAL NOT NULL DEFAULT 21600;  -- the network tries so long at most
    UPDATE messages SET network_s = CASE severity WHEN 'crisis' THEN 3600 WHEN 'urgent' THEN 10800 ELSE 21600 END;
    ALTER TABLE messages ADD COLUMN withdrawn_at TEXT;  -- somebody does not want it sent any more
    ALTER TABLE segments ADD COLUMN expires_s REAL NOT NULL DEFAULT 9e15;  -- from then on it is not sent
    UPDATE segments SET expires_s = (SELECT validity_s FROM messages WHERE messages.id = segments.message);
    ALTER TABLE segments ADD COLUMN may_have_left INTEGER NOT NULL DEFAULT 0;  -- ended unsent, but for a doubtful try
    CREATE INDEX segments_by_expiry ON segments (expires_s) WHERE state = 'queued';
    CREATE TABLE age (                   -- one row: the count of seconds, and what it is known by
        id INTEGER PRIMARY KEY CHECK (id = 1),
        seconds REAL NOT NULL,
        boot TEXT NOT NULL,
        monotonic_s REAL NOT NULL,
        anchor_utc TEXT,                 -- the last moment at which the wall clock was disciplined
        anchor_s REAL,
        off_since_s REAL                 -- the box was off from then on, for a time not known yet
    );
    CREATE TABLE withdrawals (           -- request ids that begin so are withdrawn, those that come later too
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        beginning TEXT NOT NULL UNIQUE,
        at TEXT NOT NULL
    );
    """,
)
