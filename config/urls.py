"""Every address of the portal, or the application that answers below it."""

from importlib.util import find_spec

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from config import health
from config.api_errors import page_not_found
from config.metrics import metrics
from config.portal import second_factor
from config.portal.demo_page import demo_page
from config.portal.find_anything import find_anything
from config.portal.front_page import front_page
from config.portal.sign_in import SignIn, configurator_sign_in
from config.portal.status import status
from config.portal.why_rights import why_rights
from conversations.doors import registry

urlpatterns = [
    *registry.urls(),  # machines call them oftener than anybody calls anything else
    *[
        path("", include(f"{application}.urls"))
        for application in ("conversations", "reporting", "channels_cfg")
        if find_spec(f"{application}.urls")
    ],
    path("", front_page, name="front_page"),
    path("admin/status/", admin.site.admin_view(status), name="status"),
    path("admin/why/", admin.site.admin_view(why_rights), name="why_rights"),
    path("admin/extra-data/", include("config.portal.extra_data.urls")),
    path("admin/demonstration/", admin.site.admin_view(demo_page), name="demo_data"),
    path("find/", find_anything, name="find_anything"),
    # In the place of the theme's own, which is called admin:search and finds less.
    path("admin/search/", RedirectView.as_view(pattern_name="find_anything"), name="theme_search"),
    path("admin/login/", configurator_sign_in, name="configurator_sign_in"),
    re_path("^admin/r/", page_not_found, {"exception": None}),  # records have no page elsewhere
    path("admin/", admin.site.urls),
    path("accounts/login/", SignIn.as_view(), name="login"),
    path("accounts/login/second/", second_factor.second_step, name="second_step"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("accounts/second-factor/", second_factor.own_page, name="second_factor"),
    path("accounts/second-factor/app/", second_factor.add_app, name="add_app"),
    path("accounts/second-factor/passkey/", second_factor.add_passkey, name="add_passkey"),
    path("accounts/second-factor/codes/", second_factor.new_codes, name="new_recovery_codes"),
    path("accounts/second-factor/remove/<int:pk>/", second_factor.remove, name="remove_second_factor"),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path(
        "api/docs/",
        SpectacularSwaggerSplitView.as_view(url_name="schema", http_method_names=["get", "head"]),
        name="api_docs",
    ),
    path("health/live", health.live, name="health_live"),
    path("health/ready", health.ready, name="health_ready"),
    path("metrics", metrics, name="metrics"),
]

handler400 = "config.api_errors.bad_request"
handler403 = "config.api_errors.permission_denied"
handler404 = "config.api_errors.page_not_found"
handler500 = "config.api_errors.server_error"
