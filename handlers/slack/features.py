"""What this workspace refuses us: each such thing costs one feature, and one line in the log."""

import structlog
from slack_sdk.errors import SlackApiError

# Refusals that asking again does not change: a scope not granted, a method or plan that is not there.
LASTING = frozenset(
    {
        "missing_scope", "unknown_method", "not_allowed_token_type", "method_deprecated", "deprecated_endpoint",
        "access_denied", "no_permission", "ekm_access_denied", "feature_not_enabled", "not_enabled", "paid_only",
        "paid_teams_only", "plan_upgrade_required", "team_tier_cannot_use_feature", "not_paid", "accesslimited",
    }
)  # fmt: skip


def code(error: SlackApiError) -> str:
    """Slack's word for what went wrong, or ""."""
    try:
        return str(error.response.get("error") or "")
    except (AttributeError, TypeError, ValueError):
        return ""


class Features:
    """Which features are lost here, by name, with Slack's reason."""

    def __init__(self) -> None:
        """Nothing is lost yet."""
        self.lost: dict[str, str] = {}

    def has(self, feature: str) -> bool:
        """Whether the feature may be tried."""
        return feature not in self.lost

    def refused(self, feature: str, error: SlackApiError) -> bool:
        """True when the refusal is for good: the feature is lost, and was warned of once."""
        why = code(error)
        if why not in LASTING:
            return False
        if feature not in self.lost:
            needed = ""
            if why == "missing_scope":
                needed = str(error.response.get("needed") or "")
            self.lost[feature] = f"{why} {needed}".strip()
            structlog.get_logger().warning("slack refuses", feature=feature, why=why, needed=needed)
        return True
