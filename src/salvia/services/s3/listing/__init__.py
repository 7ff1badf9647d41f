"""ListObjects, ListObjectsV2, ListObjectVersions, ListMultipartUploads: four views of keys in order."""
