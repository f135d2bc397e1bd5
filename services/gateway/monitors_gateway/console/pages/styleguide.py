"""The style guide: the components, live."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from ..render import formats, page, root_of
from ..views.styleguide import styleguide_view

router = APIRouter()


@router.get("/styleguide")
async def styleguide(request: Request) -> Response:
    """Every component with its states."""
    return await page(request, "pages/styleguide.html", styleguide_view(root_of(request), formats(request)))
