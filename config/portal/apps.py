from django.contrib.admin.apps import AdminConfig


class ConfiguratorConfig(AdminConfig):
    """The System Configurator."""

    default_site = "config.portal.configurator.ConfiguratorSite"
