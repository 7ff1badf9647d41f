"""Amazon S3: buckets, objects, multipart uploads, listings.

::

    buckets  versions  layout  blobs       what is stored, and who uses which bytes
    carried  tags  checksums_of            what travels with an object
    intake  outlet                         bytes in, bytes out
    conditions  ranges  failures           If-Match and its kin; parts of objects; S3's errors

    bucket/ object/ multipart/ listing/    the operations, a room a resource
    expiry/  lock                          objects that go by themselves; and that none is kept from going
    sweep/                                 bytes that nobody uses any more
    elsewhere/                             buckets of another S3, passed on

Keys, versions, tags and checksums are rows; bytes are extents in blobs of the object store (`objectstore.base`).
A write is durable in this order: bytes, then the row that makes them an object, then the answer.
"""
