"""Which CloudFormation types LocalStack can create: answered from what is installed, not by asking a service.

LocalStack asks its maker's API and, where that does not answer, takes every type for unsupported: no stack could be
deployed offline with CFN_IGNORE_UNSUPPORTED_RESOURCE_TYPES=0. It looks for a plugin of this name before it asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localstack.utils.catalog.catalog import CatalogPlugin
from localstack.utils.catalog.common import (
    CloudFormationResourcesSupportAtRuntime,
    CloudFormationResourcesSupportInLatest,
)

if TYPE_CHECKING:
    from localstack.utils.catalog.catalog import CfnResourceSupportStatus


class InstalledCatalog(CatalogPlugin):
    """The catalog of this installation."""

    name = "aws-catalog-remote-state-with-license"

    def get_aws_service_status(self, service_name: str, operation_name: str | None = None) -> None:
        """Nothing is known beyond what LocalStack answers by itself."""

    def get_cloudformation_resource_status(
        self,
        resource_name: str,
        service_name: str,
        is_pro_resource: bool = False,  # noqa: FBT001, FBT002 - LocalStack's signature
    ) -> CfnResourceSupportStatus:
        """Whether there is a resource provider for the type."""
        del service_name, is_pro_resource
        if resource_name in self._get_cfn_resources_available_at_runtime():
            return CloudFormationResourcesSupportAtRuntime.AVAILABLE
        return CloudFormationResourcesSupportInLatest.NOT_SUPPORTED
