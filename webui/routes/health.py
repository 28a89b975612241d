"""/sante: whether web lives. No login; says nothing about the site."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse


def routes() -> APIRouter:
    """The route of the liveness probe."""
    router = APIRouter()

    @router.get("/sante")
    async def health() -> JSONResponse:
        return JSONResponse({"schema": 1, "status": "ok"})

    return router
