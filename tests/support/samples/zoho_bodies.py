"""Bodies that are nearly answers of Zoho's: its own field names, with its own words and with anything else in them."""

import json

from hypothesis import strategies as st

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_NAMES = [
    "access_token",
    "refresh_token",
    "device_code",
    "user_code",
    "verification_url",
    "verification_uri_complete",
    "interval",
    "expires_in",
    "expires_in_sec",
    "api_domain",
    "token_type",
    "scope",
    "error",
    "error_description",
    "user_location",
    "dc",
    "status",
    "code",
    "org",
    "locations",
]
_WORDS = [
    "1000.invented",
    "BCDF-GHJK",
    "https://accounts.zoho.eu/oauth/v3/device",
    "eu",
    "success",
    "failure",
    "authorization_pending",
    "slow_down",
    "other_dc",
    "expired",
    "access_denied",
    "Access Denied",
    "general_error",
    "invalid_code",
    "invalid_client",
    "invalid_token",
    "invalid_scope",
    "INVALID_TOKEN",
    "OAUTH_SCOPE_MISMATCH",
    "NO_PERMISSION",
]
_ORGANISATIONS = st.lists(
    st.dictionaries(st.sampled_from(["company_name", "zgid", "id"]), JSON_VALUES, max_size=3) | JSON_VALUES, max_size=2
)
_LOCATIONS = st.dictionaries(
    st.sampled_from(["us", "eu", "", "\n"]), JSON_VALUES | st.just("https://accounts.zoho.eu"), max_size=3
)
NEAR_ANSWERS = st.dictionaries(
    st.sampled_from(_NAMES), JSON_VALUES | st.sampled_from(_WORDS) | _ORGANISATIONS | _LOCATIONS, max_size=8
).map(lambda fields: json.dumps(fields).encode())
"""The bytes of a JSON object."""
