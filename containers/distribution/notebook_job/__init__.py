"""Notebook jobs: a notebook as a training job, run by papermill.

Sources: the guide, "SageMaker Notebook Jobs" and its "Constraints and considerations"; NotebookJobStep of the SDKs;
what AWS's distribution image does with the variables of the job.
"""
