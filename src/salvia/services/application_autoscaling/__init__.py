"""Application Auto Scaling: how many instances an endpoint's variant has follows from metrics and from the time.

::

    an alarm ─▶ its policy ─▶ a trigger ──┐
    RegisterScalableTarget ─▶ new bounds ─┼─▶ the target: `lifecycle` decides (`capacity`), tells SageMaker in its
    a schedule ─▶ new bounds ─────────────┘   service-linked role (`variants`), and writes an activity

Everything that changes a capacity goes through one row, the target's, so that no two do so at once.

Source: Application Auto Scaling user guide and API reference.
"""
