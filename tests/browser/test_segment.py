"""Segment's own script for pages, from the registry, tells the service what happens on them."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Response, Route

from api.requests.identities import user_hash
from tests.browser.conftest import SECRET, SHOP, Server
from tests.clients import npm

pytestmark = [pytest.mark.sdk, pytest.mark.slow]

USER = "of-a-page"
PAGE = """<!doctype html><title>Shop</title><script src="/segment/index.js"></script><script>
const analytics = AnalyticsNext.AnalyticsBrowser.load(
  {{writeKey: "{key}", cdnSettings: {{integrations: {{"Segment.io": {{apiKey: "{key}"}}}}}}}},
  {{integrations: {{"Segment.io": {{apiHost: "{host}/v1", protocol: "http"}}}}}});
analytics.addSourceMiddleware(({{payload, next}}) => {{
  payload.obj.context.user_hash = "{proof}";
  next(payload);
}});
window.done = (async () => {{
  const failed = [];
  analytics.on("error", (error) => failed.push(String(error.reason || error)));
  const sent = [
    await analytics.identify("{user}", {{country: "France"}}),
    await analytics.track("Product Viewed", {{product_id: "i03"}}),
    await analytics.track("Something Of Our Own", {{colour: "red"}}),
    await analytics.page("home"),
  ];
  return failed.concat(sent.flatMap((one) => one.failedDelivery() || []));
}})();
</script>"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the script and what it loads."""
    folder = npm(tmp_path_factory.mktemp("segment"), "@segment/analytics-next")
    return folder / "node_modules/@segment/analytics-next/dist/umd"


def test_the_script_of_segment_hands_in_what_happened(
    browser: Browser, server: Server, script: Path
) -> None:
    page = browser.new_page()
    host, proof = server.url.removeprefix("http://"), user_hash(SECRET, USER)
    html = PAGE.format(key=server.key, host=host, user=USER, proof=proof)

    def answer(route: Route) -> None:
        if "/segment/" in route.request.url:
            route.fulfill(path=script / Path(route.request.url).name)
        else:
            route.fulfill(content_type="text/html", body=html)

    told: list[Response] = []
    page.on("response", lambda one: told.append(one))
    page.route(f"{SHOP}/**", answer)
    page.goto(f"{SHOP}/")
    assert page.evaluate("window.done") == []
    page.close()
    assert {one.status for one in told} == {200}
    assert sum(one.url.startswith(server.url) for one in told) >= 4
    database = server.service.log.database
    logged = database.read(
        "SELECT user_id, kind, item_id FROM events WHERE user_id = ?1", ("of-a-page",)
    )
    assert [tuple(row) for row in logged] == [(USER, "view", "i03")]
