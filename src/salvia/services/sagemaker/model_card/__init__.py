"""Model cards: what a model is for, and who approved it. Each change of a card's content is a version of its own."""

from salvia.control.resource import RECORD, Resource

MODEL_CARD = Resource(
    noun="ModelCard",
    key="ModelCardName",
    arn="model-card/{ModelCardName}",
    operations=RECORD,
    unsupported=("SecurityConfig",),
    searchable="ModelCard",
    filters={"ModelCardStatus": "ModelCardStatus"},
)

# Kept beside the card, which itself shows its newest version.
MODEL_CARD_VERSION = Resource(
    noun="ModelCardVersion",
    key="ModelCardVersion",
    arn="model-card/{ModelCardName}",
    operations=frozenset({"List"}),
    filters={"ModelCardStatus": "ModelCardStatus"},
    taggable=False,
    parent=MODEL_CARD,
    with_parent=True,
)
