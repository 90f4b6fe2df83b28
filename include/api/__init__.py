"""The ingest API: HTTP over the one path, served inside Airflow's API server by a plugin, or by any ASGI server."""
