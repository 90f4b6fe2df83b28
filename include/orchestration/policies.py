"""Retry policies: a table over the named errors. What a retry cannot mend fails at once."""

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import RetryDecision, RetryPolicy

from include.core import errors
from include.orchestration.notifications import task_failed

NO_RETRY = (
    errors.ConfigurationError,
    errors.NotFound,
    errors.IllegalState,
    errors.UnsafeRole,
    errors.SecretError,
    errors.SignatureRefused,
    errors.AuthFailed,
    errors.SiteForbidden,
    errors.SiteGone,
    errors.SitesFailed,
    errors.BadRequest,
    errors.ApiWithdrawn,
    errors.QuotaExhausted,
    errors.HostRefused,
    errors.AccountingError,
    errors.EvidenceRefused,
)
LONGEST_WAIT = timedelta(hours=1)

TASK_DEFAULTS: dict[str, Any] = {
    "retries": 3,
    "retry_delay": timedelta(minutes=1),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=15),
    "execution_timeout": timedelta(minutes=30),
    "on_failure_callback": task_failed,
}


class NamedErrorRetryPolicy(RetryPolicy):
    """Fails at once on errors that need a person; waits as long as the vendor said on rate limits."""

    def evaluate(self, exception: BaseException, try_number: int, max_tries: int, context: Any = None) -> RetryDecision:
        """Decide by the class of the error, or of its causes where it has some; `retry_at` overrides the delay."""
        causes = getattr(exception, "causes", ()) or (exception,)
        if all(isinstance(cause, NO_RETRY) for cause in causes):
            return RetryDecision.fail(str(exception))
        retry_at = [cause.retry_at for cause in causes if getattr(cause, "retry_at", None)]
        if retry_at:
            wait = max(timedelta(seconds=1), max(retry_at) - datetime.now(UTC))
            return RetryDecision.retry(min(wait, LONGEST_WAIT), str(exception))
        return RetryDecision.default()


VENDOR_RETRIES = NamedErrorRetryPolicy()
