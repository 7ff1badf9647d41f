"""Multipart uploads. Source: user guide, "Uploading and copying objects using multipart upload".

A part is a blob as an object is; completing an upload makes one list of the extents of its parts, and moves no byte.
"""
