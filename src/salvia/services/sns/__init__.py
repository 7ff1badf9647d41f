"""Amazon SNS: topics, and subscriptions to which messages are delivered over HTTP and HTTPS.

::

    Publish ─ one commit: a row a subscription that wants it ─▶ `delivery` takes the rows that are due, posts them
              (`outlet`), signed (`signing`), deletes those that were taken, tries the others again later

So a message that was acknowledged is delivered, at least once, whoever dies in between.

Source: SNS developer guide and API reference.
"""
