"""Foreign keys point the same way as imports; the linter cannot see those that name a model in a string."""

from django.apps import apps

FLOORS = ["channels_cfg", "conversations", "reporting", "config"]


def test_no_foreign_key_points_to_a_higher_floor():
    upward = [
        f"{model._meta.label}.{field.name} → {field.related_model._meta.label}"
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.get_fields()
        if model._meta.app_label in FLOORS and field.concrete and field.is_relation and field.related_model
        if floor(field.related_model) > floor(model)
    ]

    assert upward == []


def floor(model) -> int:
    """How high the model's application lies; Django's and the libraries' lie below all of ours."""
    label = model._meta.app_label
    return FLOORS.index(label) if label in FLOORS else -1
