from django.contrib.admin.apps import AdminConfig


class ConfiguratorConfig(AdminConfig):
    """Django's, with the site of the System Configurator."""

    default_site = "config.portal.configurator.ConfiguratorSite"
