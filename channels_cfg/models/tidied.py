"""Fields whose values are written in one way, however they came in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Tidied:
    """For a model field: ``tidy`` makes of a value the one way of writing it, before it is checked and before it is
    saved. It must take any value of the field and change none that it made."""

    def __init__(self, *args: Any, tidy: Callable[[Any], Any] = lambda value: value, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tidy = tidy

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        return super().clean(self.tidy(value) if value else value, model_instance)  # type: ignore[misc]

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        if value := getattr(model_instance, self.attname):  # type: ignore[attr-defined]
            setattr(model_instance, self.attname, self.tidy(value))  # type: ignore[attr-defined]
        return super().pre_save(model_instance, add)  # type: ignore[misc]


class TidiedCharField(Tidied, models.CharField):
    pass


class TidiedTextField(Tidied, models.TextField):
    pass


class TidiedURLField(Tidied, models.URLField):
    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"assume_scheme": "https", **kwargs})


class TidiedArrayField(Tidied, ArrayField):
    pass
