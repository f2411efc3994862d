"""Zoho CRM as a source for dlt, with an access token that zoho-tokend keeps fresh in Vault.

::

    import dlt
    from zoho_ingest import zoho_crm

    pipeline = dlt.pipeline("zoho", destination="duckdb", dataset_name="crm")
    pipeline.run(zoho_crm("crm-prod", modules=["Leads", "Contacts"]))

It knows ``zoho_tokend.reader`` and nothing else of the daemon. dlt keeps state, schemas and load packages, and reaches
every destination. Top to bottom:

    __main__   the command ``zoho-ingest``
    job        one run of it: what is loaded, in which order, and how it ends
    adobe      the streaming inlet of Adobe Experience Platform as a destination
    source     a module of the CRM becomes a resource of dlt
    changes    what changed since the last load, page by page
    export     a large module, by the Bulk Read API
    crm        one call to the CRM, and what its refusals mean
    fields     types and rows; pure
    errors     named by what happens next
"""

from zoho_ingest.source import zoho_crm

__all__ = ["zoho_crm"]
