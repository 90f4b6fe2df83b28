"""SMA: plants that were migrated and have new ids, as the `Location` of a 308 names them."""

import re
from urllib.parse import quote, unquote

from include.core.errors import BadRequest, SiteForbidden, SiteGone, SiteMoved
from include.core.records import Answer, Site
from include.http.calls import get
from include.http.session import VendorSession

NAMED = re.compile(r"/(plants|devices)/([^/?]+)")


def refuse_moved(session: VendorSession, answer: Answer, site: Site) -> None:
    """Raise SiteMoved when an answer came from another plant or device than was asked, with the new ids of all."""
    asked, arrived = (_named(answer.request.get(name, "")) for name in ("path", "moved_to"))
    if arrived is None or arrived == asked:
        return
    kind, new_id = arrived
    plant_id = new_id if kind == "plants" else site.external_site_id
    raise SiteMoved(
        f"the plant {site.external_site_id} was migrated",
        external_site_id=plant_id,
        devices={old: new for old in site.devices if (new := _successor(session, old, site, plant_id))},
        place=f"GET {answer.request['path']}",
    )


def _successor(session: VendorSession, device_id: str, site: Site, plant_id: str) -> str | None:
    """The new id of a device; None where the vendor names none, and the device keeps the old one."""
    own = site.pseudo_device("")
    if device_id.startswith(own):
        return f"site:{plant_id}:{device_id.removeprefix(own)}"
    try:
        answer = get(session, f"/devices/{quote(device_id, safe='')}/measurements/sets")
    except (SiteGone, SiteForbidden, BadRequest):
        return None
    arrived = _named(answer.request.get("moved_to", ""))
    return arrived[1] if arrived and arrived != ("devices", device_id) else None


def _named(path: str) -> tuple[str, str] | None:
    """Kind and id of the plant or device in a path."""
    found = NAMED.search(path)
    return (found[1], unquote(found[2])) if found else None
