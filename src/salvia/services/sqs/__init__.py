"""Amazon SQS: standard queues, whose messages are rows.

::

    SendMessage ─▶ waiting ─ReceiveMessage─▶ in flight ─DeleteMessage─▶ gone
                      ▲                          │
                      └── its visibility is over ┘        older than the queue keeps messages: gone (`sweep`)

A message that was acknowledged is there until it is deleted: whoever dies with it lets it be received once more.

Source: SQS developer guide and API reference.
"""
