"""Objects that expire, as their bucket's lifecycle configuration says.

::

    rules       what a configuration says: checked, and asked about one object
    api         Put, Get, DeleteBucketLifecycleConfiguration
    lifecycle   what is due is deleted: one walk through a bucket for each day of virtual time

Everything becomes due at a midnight, so that a day needs one walk. Transitions to other storage classes are refused:
there is one class of storage here.
Source: S3 user guide, "Managing the lifecycle of objects".
"""

from salvia.control.resource import Resource, Scope

# One for each bucket that has rules, named by the bucket's id.
EXPIRY = Resource(
    noun="Expiry",
    service="s3",
    scope=Scope.PARTITION,
    key="Bucket",
    arn="expiry/{Bucket}",
    operations=frozenset(),
    taggable=False,
)
