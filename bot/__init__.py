"""Tertulia: what a debate is, and how it is kept.

Everything goes one way through the house::

    Slack ─┐ ears                                                     mouths ┌─ Slack
    room  ─┼─ handlers/*  ── Incoming ─►  inbox row ─► rules ─► log rows     ├─ room
           │  translate only              (committed    pure      + outbox ──┘
    clock ─┴─ schedules/*  ── due cues ─►  before ack)            rows, ONE    publishers send, then mark
                                                                  commit
    transcript = a pure function of the log ─► exports, board, recap, search

Who may know whom, from the top (CI holds it)::

    cli                      commands            __main__  the same, for python -m bot
    app  rehearsal           wiring: the only two that know every room of the house
    handlers/*  schedules/*  platforms and clock, none of which knows another
    actions/                 one function for each verb: load, decide, save
    writer  store/           the one thread that writes; the only SQL
    tables                   what is kept
    rules                    debate, cues, question, filing, transcript, exports …: pure, the time is an argument

Start reading at ``debate.py`` and ``actions/run.py``.
"""
