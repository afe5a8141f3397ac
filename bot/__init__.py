"""Tertulia: what a debate is, and how it is kept.

Everything goes one way through the house::

    Slack ─┐ ears                                                     mouths ┌─ Slack
    X     ─┼─ handlers/*  ── Incoming ─►  inbox row ─► rules ─► log rows     ├─ X
    room  ─┤  translate only              (committed    pure      + outbox ──┴─ room
    clock ─┴─ schedules/*  ── due cues ─►  before ack)            rows, ONE    publishers send, then mark
                                                                  commit
    transcript = a pure function of the log ─► exports, board, recap, search

Who may know whom: each layer imports those below it and none above (CI holds it)::

    1  bot/cli/  bot/__main__.py                     commands
    2  bot/app.py  bot/doctor.py  bot/rehearsal/     wiring: the only ones that know every room of the house
    3  handlers/slack/  handlers/x/  handlers/room/  platforms and clock, none of which knows another
       schedules/
    4  bot/actions/                                  one function for each verb: load, decide, save
    5  bot/writer.py  bot/backup.py  bot/store/      the one thread that writes; the only SQL
    6  bot/tables.py  bot/tables_year.py             what is kept
    7  bot/debate.py  bot/cues.py  bot/question.py   rules: pure, the time is an argument
       bot/filing.py  bot/transcript.py              and with them outbox, errors, ports, exports, words …

Start reading at ``debate.py``, ``actions/run.py`` and ``actions/clock.py``.
"""
