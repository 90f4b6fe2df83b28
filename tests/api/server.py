"""The API in a process of its own, to be killed: `python -m tests.api.server PORT`."""

import sys

import uvicorn

from include.api.app import create_app
from include.local.request_heads import BoundedHeads


async def user_of(request):
    return request.headers.get("X-Test-User")


if __name__ == "__main__":
    uvicorn.run(create_app(user_of), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", http=BoundedHeads)
