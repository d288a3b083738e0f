"""What every route may ask for."""

from typing import TYPE_CHECKING, Annotated, cast

from fastapi import Depends, Request

if TYPE_CHECKING:
    from partita.studio.app import Studio
else:
    Studio = object


def _studio(request: Request) -> "Studio":
    return cast("Studio", request.app.state.studio)


Here = Annotated[Studio, Depends(_studio)]
"""The studio that a request came to."""
