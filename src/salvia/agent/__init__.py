"""The process beside each instance: it brings the data, runs the program, ships what it says, and uploads.

::

    SPEC.json ──► __main__ ──► training: contract + inputs ──► program ──► upload
                     │          serving: model_data ─────────► program, health
                     │                                            │ lines
                     │ instance: report (state, heartbeat)        └──► logs ──► metrics
                     ▼
                  gateway: /_instance/… with the instance's token, AWS calls as the job's role

It imports `core` and the standard library, and few modules of that: a job waits for every import.
The main thread does nothing that can block: it spawns the program (a sandbox that dies with its parent
dies with the *thread* that started it), takes signals, and reads one mailbox that every other thread
writes to.
"""
