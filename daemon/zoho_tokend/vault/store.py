"""The core's two ports, carried out over KV v2.

A refresh costs two requests here: one read and one write, or one more when its client is named and not read lately.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from itertools import batched
from typing import Final

from zoho_tokend.core.errors import Conflict, NoCredential, VaultForbidden, VaultUnavailable
from zoho_tokend.core.events import VaultOutcome
from zoho_tokend.core.model import ConnectionName, Credential, Published, Secret, TokenRecord, connection_name
from zoho_tokend.core.ports import Clock, Listing
