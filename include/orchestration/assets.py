"""All assets in one module. A raw asset changes when loads of its feed got their verdict."""

from airflow.sdk import Asset, AssetWatcher

from include.pipeline.feeds import FILE_FEED
from include.sources.inverters import REGISTRY
from include.triggers.inbox import InboxTrigger

RAW_READINGS = {source: Asset(module.RAW_TABLE) for source, module in REGISTRY.items()}
RAW_FILES = Asset(f"raw.{FILE_FEED}")
READINGS = Asset("canonical.meter_reading")
EVIDENCE = Asset("ops.evidence_pack")

INBOX = Asset("inbox", watchers=[AssetWatcher(name="inbox_watcher", trigger=InboxTrigger())])
