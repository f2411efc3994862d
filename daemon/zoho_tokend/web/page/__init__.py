"""The status page: one look says whether every job finds a good token. It works without a script, better with one."""

from zoho_tokend.web.page.frame import page
from zoho_tokend.web.page.view import View

__all__ = ["View", "page"]
