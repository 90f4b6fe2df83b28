# One image for every service: Airflow, our code, dbt's project and what dbt knows of it. No secret is in it.

FROM python:3.13-slim-trixie AS packages
WORKDIR /opt/sunledger
RUN python3 -m venv /opt/uv && /opt/uv/bin/pip install --quiet --no-cache-dir uv==0.13.8 && python3 -m venv .venv
COPY requirements-image.txt .
RUN UV_COMPILE_BYTECODE=1 /opt/uv/bin/uv pip install --quiet --no-cache --python .venv/bin/python \
    --requirement requirements-image.txt

FROM python:3.13-slim-trixie
# The chart of Airflow expects this user and group; files of the group 0 suit platforms that choose the user.
RUN useradd --uid 50000 --gid 0 --no-create-home --home-dir /opt/sunledger/.local --shell /usr/sbin/nologin sunledger \
    && mkdir -p /opt/sunledger/.local && chown sunledger:0 /opt/sunledger/.local && chmod g+rwX /opt/sunledger/.local
WORKDIR /opt/sunledger
COPY --from=packages /opt/sunledger/.venv .venv
ENV PATH=/opt/sunledger/.venv/bin:/opt/sunledger/bin:$PATH \
    PYTHONPATH=/opt/sunledger \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    AIRFLOW_HOME=/opt/sunledger/.local/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/sunledger/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/sunledger/plugins \
    AIRFLOW__CORE__LOAD_EXAMPLES=False \
    AIRFLOW__USAGE_DATA_COLLECTION__ENABLED=False \
    AIRFLOW__COSMOS__ENABLE_TELEMETRY=False \
    DBT_PROJECT_DIR=/opt/sunledger/dbt_project \
    DBT_PROFILES_DIR=/opt/sunledger/dbt_project \
    DBT_TARGET_PATH=/opt/sunledger/.local/dbt_target \
    DBT_LOG_PATH=/opt/sunledger/.local/logs/dbt \
    DBT_SEND_ANONYMOUS_USAGE_STATS=false \
    GX_ANALYTICS_ENABLED=False
COPY . .
RUN python -m compileall -q dags include migrations plugins simulators
USER sunledger
# Every container renders the same Dag and shows the same docs, because both are of the image, not of a shared folder.
RUN WAREHOUSE_TRANSFORMER_URL=postgresql://nobody:nothing@localhost/sunledger python -m include.compose bake
# Says whether the container's own part works; docker-compose.yaml names the part.
HEALTHCHECK NONE
