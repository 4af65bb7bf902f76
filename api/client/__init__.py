"""A client of the API, for shops that are written in Python: lists in time, and events that arrive.

``pip install 'recsys[client]'``::

    with Client("http://127.0.0.1:8000") as client:
        shelf = client.placement("default", user_id="12747", fallback=["22423", "85123A"])
        client.track("12747", "view", {"item_id": shelf.item_ids[0]})
"""

from api.client.aio import AsyncClient
from api.client.asks import Shelf, Wanted
from api.client.sync import Client

__all__ = ["AsyncClient", "Client", "Shelf", "Wanted"]
