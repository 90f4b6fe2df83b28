"""Pages inside the Airflow UI, behind its login: Data Docs of every judged load, and the dbt docs."""

from airflow.api_fastapi.core_api.security import requires_authenticated
from airflow.plugins_manager import AirflowPlugin
from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import HTMLResponse

data_docs = FastAPI(title="Sunledger Data Docs", docs_url=None, dependencies=[Depends(requires_authenticated())])
dbt_docs = FastAPI(title="Sunledger dbt docs", docs_url=None, dependencies=[Depends(requires_authenticated())])


@data_docs.get("/", response_class=HTMLResponse)
def index() -> str:
    """List the newest judged loads and the suites."""
    from include.judging import datadocs, suites
    from include.warehouse import validation
    from include.warehouse.database import connect

    with connect() as connection:
        entries = [datadocs.Entry(**row, href=f"loads/{row['load_id']}") for row in validation.recent(connection)]
    return datadocs.render_index(entries, {name: f"suites/{name}" for name in suites.all_names()})


@data_docs.get("/loads/{load_id}", response_class=HTMLResponse)
def load(load_id: int) -> str:
    """Show what Great Expectations said of one load."""
    from include.judging import datadocs
    from include.warehouse import validation
    from include.warehouse.database import connect

    with connect() as connection:
        result = validation.get(connection, load_id)
    if result is None:
        raise HTTPException(404, f"load {load_id} was not judged")
    return datadocs.render_validation(result, f"Load {load_id}")


@data_docs.get("/suites/{name}", response_class=HTMLResponse)
def suite(name: str) -> str:
    """Show the rules of one suite."""
    from include.core.errors import NotFound
    from include.judging import datadocs

    try:
        return datadocs.render_suite(name)
    except NotFound as error:
        raise HTTPException(404, str(error)) from error


@dbt_docs.get("/", response_class=HTMLResponse)
def dbt_docs_page() -> str:
    """Show the dbt docs that `sunledger prepare` generated."""
    from include.pipeline.dbt import target_dir

    page = target_dir() / "static_index.html"
    if not page.is_file():
        raise HTTPException(404, "there are no dbt docs yet: run `bin/sunledger prepare`")
    return page.read_text(encoding="utf-8")


class SunledgerPages(AirflowPlugin):
    """Mounts the pages and lists them in the UI's navigation."""

    name = "sunledger_pages"
    fastapi_apps = (
        {"app": data_docs, "url_prefix": "/data-docs", "name": "Data Docs"},
        {"app": dbt_docs, "url_prefix": "/dbt-docs", "name": "dbt docs"},
    )
    external_views = (
        {
            "name": "Data Docs",
            "href": "/data-docs/",
            "url_route": "data-docs",
            "destination": "nav",
            "category": "browse",
        },
        {"name": "dbt docs", "href": "/dbt-docs/", "url_route": "dbt-docs", "destination": "nav", "category": "browse"},
    )
