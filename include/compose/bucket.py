"""The bucket of the demo's lake: made once, and made again with all its objects when moto has forgotten them.

moto keeps objects in memory. It writes down what it was asked, so that the same can be asked again after a restart.
"""

import json
from urllib.parse import urlsplit

from include.core import settings


def make() -> None:
    """Leave the bucket of LAKE_URL there, with what earlier runs of the demo put into it."""
    import boto3
    import requests
    from botocore.exceptions import ClientError

    place = json.loads(settings.required("AIRFLOW_CONN_LAKE"))
    endpoint = place["extra"]["endpoint_url"]
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=place["login"],
        aws_secret_access_key=place["password"],
        region_name=place["extra"]["region_name"],
    )
    bucket = urlsplit(settings.required("LAKE_URL")).netloc
    try:
        client.head_bucket(Bucket=bucket)
    except ClientError:
        requests.post(f"{endpoint}/moto-api/recorder/replay-recording", timeout=300).raise_for_status()
        client.create_bucket(Bucket=bucket)
